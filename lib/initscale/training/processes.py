"""The runs of a bundle on a CPU: several trainings at a time, each in a process of its own.

`python -m initscale.training.processes` is one such process. It reads its run as one line of JSON and then waits for
the end of its input: when that comes, the process that started it wants it to stop, or is gone, and it saves and ends.
"""

from __future__ import annotations

import contextlib
import json
import logging
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Sequence
from pathlib import Path

from initscale.errors import ConfigError, InitscaleError, InputError, Interrupted, OutputError, TrainingError
from initscale.repository import LIBRARY
from initscale.training.interrupts import StopRequest, catch_signals

LOG = logging.getLogger("initscale")
_ERRORS = {kind.exit_code: kind for kind in (ConfigError, InputError, OutputError, TrainingError, Interrupted)}
_SECONDS_BETWEEN_LOOKS = 0.1
_SECONDS_BETWEEN_REMINDERS = 0.5


def train_in_processes(
    facts: list[dict],
    data_folder: str | Path,
    run_folders: list[str | Path],
    execution: dict,
    init_from: Sequence[str | Path] = (),
) -> list[TrainingError]:
    """Train runs, ``execution["processes"]`` at a time, and return the errors of those that failed.

    Finished runs keep their checkpoints, so that the next attempt of an interrupted bundle need not repeat them.

    Raises
    ------
    Interrupted after a signal, when every running training has saved its state.
    InitscaleError if a process could not do its work (no data, no room) or died.
    """
    waiting = [
        {"facts": fact, "data_folder": str(data_folder), "run_folder": str(folder), "execution": execution}
        | {"init_from": [str(init_from[run])] if init_from else []}
        for run, (fact, folder) in enumerate(zip(facts, run_folders, strict=True))
    ]
    running: list[_Worker] = []
    errors: list[InitscaleError] = []
    with catch_signals() as stop:
        while running or (waiting and not stop):
            while waiting and not stop and len(running) < execution["processes"]:
                running.append(_Worker(waiting.pop(0)))
            time.sleep(_SECONDS_BETWEEN_LOOKS)
            if stop:
                for worker in running:
                    worker.ask_to_stop()
            ended = [worker for worker in running if worker.process.poll() is not None]
            running = [worker for worker in running if worker not in ended]
            errors += [error for worker in ended if (error := worker.error())]
    return _judge(errors, len(facts), len(waiting), stop)


def _judge(errors: list[InitscaleError], runs: int, not_started: int, stop: StopRequest) -> list[TrainingError]:
    """Raise what ends the job; return the errors of runs that diverged."""
    for error in errors:
        if not isinstance(error, Interrupted | TrainingError):
            raise error
    interrupted = [error for error in errors if isinstance(error, Interrupted)]
    if interrupted or not_started:
        details = "; ".join(f"{error.where}: {error.what}" for error in interrupted)
        raise Interrupted(
            f"{stop.signal_name or 'a signal'} received with {runs - not_started - len(errors)} of {runs} runs finished"
            + (f" ({details})" if details else ""),
            hint="run the same command again to go on from there",
        )
    return errors


class _Worker:
    """A process that trains one run."""

    def __init__(self, job: dict):
        self.name = Path(job["run_folder"]).name
        command = [sys.executable, "-m", "initscale.training.processes"]
        pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "stderr": subprocess.PIPE}
        self.process = subprocess.Popen(command, text=True, env=_environment(), **pipes)
        self.relay = threading.Thread(target=self._relay, daemon=True)
        self.relay.start()
        self.asked_to_stop = False
        with contextlib.suppress(BrokenPipeError):  # it is dead already; error() will say why
            self.process.stdin.write(json.dumps(job) + "\n")
            self.process.stdin.flush()

    def _relay(self) -> None:
        for line in self.process.stderr:
            LOG.info("%s", line.rstrip())

    def ask_to_stop(self) -> None:
        """Close its input, which it takes as the wish that it saves and ends."""
        if not self.asked_to_stop:
            self.asked_to_stop = True
            with contextlib.suppress(BrokenPipeError):
                self.process.stdin.close()

    def error(self) -> InitscaleError | None:
        """What went wrong in the process, which has ended; None if nothing did."""
        self.relay.join(timeout=5)
        output, code = self.process.stdout.read(), self.process.returncode
        if code == 0:
            return None
        if code in _ERRORS and output:
            return _ERRORS[code](**json.loads(output))
        if self.asked_to_stop:
            return Interrupted("stopped before its training began", where=self.name)
        how = signal.Signals(-code).name if code < 0 else f"exit code {code}"
        hint = "a lack of memory looks like this (`execution.resources.train.mem_mb`); a traceback is in the log"
        return InitscaleError(f"the process of {self.name} ended with {how}", hint=hint)


def _environment() -> dict[str, str]:
    """The package is found where this process found it, installed or not."""
    here = str(LIBRARY)
    return os.environ | {"PYTHONPATH": os.pathsep.join(filter(None, [here, os.environ.get("PYTHONPATH")]))}


def _stop_at_end_of_input() -> None:
    sys.stdin.read()
    while True:  # again and again, because only a training that has begun listens
        os.kill(os.getpid(), signal.SIGURG)
        time.sleep(_SECONDS_BETWEEN_REMINDERS)


def work() -> int:
    """Train the run on standard input; on an error print it as JSON and return its exit code."""
    from initscale.training.in_process import train_here

    logging.basicConfig(format="%(message)s", stream=sys.stderr)
    LOG.setLevel(logging.INFO)
    try:
        with catch_signals():  # while the data is read, SIGTERM waits for the end of the input
            job = json.loads(sys.stdin.readline())
            threading.Thread(target=_stop_at_end_of_input, daemon=True).start()
            folders = [job["run_folder"]]
            given = [job["facts"]], job["data_folder"], folders, job["execution"], job["init_from"]
            failures = train_here(*given, keep_finished=True)
            if failures:
                raise failures[0]
    except InitscaleError as error:
        print(json.dumps({"what": error.what, "where": error.where, "hint": error.hint}), flush=True)
        return error.exit_code
    return 0


if __name__ == "__main__":
    sys.exit(work())
