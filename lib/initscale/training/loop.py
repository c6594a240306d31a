"""Train runs from their facts, from the start or from where an earlier attempt stopped."""

from __future__ import annotations

import logging
from collections import defaultdict
from collections.abc import Sequence
from pathlib import Path

from initscale.errors import TrainingError
from initscale.tasks.interface import SequenceData, TaskData
from initscale.training.allocation import keep_freed_memory
from initscale.training.determinism import prepare
from initscale.training.interrupts import StopRequest, catch_signals
from initscale.training.lockstep import Lockstep
from initscale.training.options import Options, identity
from initscale.training.resume import RunState, load_state, remove_state

LOG = logging.getLogger("initscale")


def train(
    facts: list[dict],
    folders: list[str | Path],
    data: TaskData | SequenceData,
    options: Options,
    starts: Sequence[str | Path | None] | None = None,
) -> None:
    """Train one run, or several of equal shape at once, and write each run's folder.

    Parameters
    ----------
    facts : ``initscale.grid.run_facts`` of every run.
    folders : one folder per run; gets weights.safetensors, history.parquet, run.json.
    data : what they are trained on.
    options : device, threads, saving.
    starts : safetensors file that each run starts from; None for a random initialization.

    Raises
    ------
    Interrupted after SIGINT or SIGTERM; the state is saved and the same call goes on from there.
    TrainingError if a loss is not finite; the history so far is kept in history_failed.parquet.
    """
    folders = [Path(folder) for folder in folders]
    with catch_signals() as stop:
        failures = _train(facts, folders, starts or [None] * len(facts), data, options, stop)
    if failures:
        raise TrainingError(
            "; ".join(failures), hint="lower the learning rate; the history up to there is in history_failed.parquet"
        )
    for folder in [] if options.keep_finished else folders:
        remove_state(folder)


def _train(
    facts, folders: list[Path], starts, data: TaskData | SequenceData, options: Options, stop: StopRequest
) -> list[str]:
    keep_freed_memory()
    device = prepare(options.device, options.threads, facts[0]["training"]["precision"])
    by_step = defaultdict(list)
    for run, (fact, folder) in enumerate(zip(facts, folders, strict=True)):
        folder.mkdir(parents=True, exist_ok=True)
        state = _resume(fact, folder, data, options)
        by_step[state.step if state else 0].append((run, state))
    failures: list[str] = []
    for members in by_step.values():  # more than one only if a kill fell between two resume files of a bundle
        own = [facts[run] for run, _ in members], [folders[run] for run, _ in members]
        lockstep = Lockstep(*own, data, device, options)
        lockstep.start_from([starts[run] for run, _ in members])
        lockstep.restore([state for _, state in members])
        lockstep.run(stop)
        failures += lockstep.failures
    return failures


def _resume(facts: dict, folder: Path, data: TaskData | SequenceData, options: Options) -> RunState | None:
    if options.stale_resume == "discard":
        try:
            return load_state(folder, identity(facts, data, options))
        except Exception as error:
            LOG.warning("%s; starting afresh", error)
            remove_state(folder)
            return None
    return load_state(folder, identity(facts, data, options))
