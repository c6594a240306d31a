"""The training loop: steps, history, resume files, and the files of a finished run."""

from __future__ import annotations

import logging
import math
import time
from collections import defaultdict
from dataclasses import dataclass
from pathlib import Path

import torch

from initscale.errors import Interrupted, TrainingError
from initscale.grid import facts_hash
from initscale.tasks.interface import TaskData
from initscale.training.determinism import prepare
from initscale.training.history import has_settled, history_table
from initscale.training.interrupts import StopRequest, catch_signals
from initscale.training.progress import Progress
from initscale.training.resume import FILE_NAME, RunState, load_state, remove_state, save_state
from initscale.training.run_files import snapshot_name, write_failed_history, write_run
from initscale.training.trainer import Trainer

LOG = logging.getLogger("initscale")


@dataclass(frozen=True)
class Options:
    """How a training is carried out; nothing here is a fact of the experiment.

    Attributes
    ----------
    device, threads : see ``execution`` in config/schema.yaml.
    save_minutes : time between two resume files.
    stale_resume : ``refuse`` or ``discard`` a resume file that belongs to another configuration or is damaged.
    code : hash of the training code, part of a resume file's identity.
    keep_finished : leave a resume file of finished runs, for a job with several runs: if a later one fails, the
        workflow deletes the files of all, and the next attempt need not train the finished ones again.
    """

    device: str = "cpu"
    threads: int = 1
    save_minutes: float = 5.0
    stale_resume: str = "refuse"
    code: str = ""
    keep_finished: bool = False


def train(facts: list[dict], folders: list[str | Path], data: TaskData, options: Options) -> None:
    """Train one run, or several of equal shape at once, and write each run's folder.

    Parameters
    ----------
    facts : ``initscale.grid.run_facts`` of every run.
    folders : one folder per run; gets weights.safetensors, history.parquet, run.json.
    data : what they are trained on.
    options : device, threads, saving.

    Raises
    ------
    Interrupted after SIGINT or SIGTERM; the state is saved and the same call goes on from there.
    TrainingError if a loss is not finite; the history so far is kept in history_failed.parquet.
    """
    folders = [Path(folder) for folder in folders]
    with catch_signals() as stop:
        failures = _train(facts, folders, data, options, stop)
    if failures:
        raise TrainingError(
            "; ".join(failures), hint="lower the learning rate; the history up to there is in history_failed.parquet"
        )
    for folder in [] if options.keep_finished else folders:
        remove_state(folder)


def _train(facts, folders: list[Path], data: TaskData, options: Options, stop: StopRequest) -> list[str]:
    device = prepare(options.device, options.threads, facts[0]["training"]["precision"])
    by_step = defaultdict(list)
    for run, (fact, folder) in enumerate(zip(facts, folders, strict=True)):
        folder.mkdir(parents=True, exist_ok=True)
        state = _resume(fact, folder, data, options)
        by_step[state.step if state else 0].append((run, state))
    failures: list[str] = []
    for members in by_step.values():  # more than one only if a kill fell between two resume files of a bundle
        loop = _Loop([facts[run] for run, _ in members], [folders[run] for run, _ in members], data, device, options)
        loop.restore([state for _, state in members])
        loop.run(stop)
        failures += loop.failures
    return failures


def _identity(facts: dict, data: TaskData, options: Options) -> dict[str, str]:
    return {"configuration": facts_hash(facts), "data": data.content_hash, "code": options.code}


def _resume(facts: dict, folder: Path, data: TaskData, options: Options) -> RunState | None:
    if options.stale_resume == "discard":
        try:
            return load_state(folder, _identity(facts, data, options))
        except Exception as error:
            LOG.warning("%s; starting afresh", error)
            remove_state(folder)
            return None
    return load_state(folder, _identity(facts, data, options))


class _Loop:
    """Runs that are trained in step with each other."""

    def __init__(self, facts, folders, data: TaskData, device: torch.device, options: Options):
        self.facts, self.folders, self.data, self.options = facts, folders, data, options
        self.trainer = Trainer(facts, data, device)
        runs = len(facts)
        self.step = 0
        self.history: list[list[dict]] = [[] for _ in range(runs)]
        self.snapshots: list[dict[str, torch.Tensor]] = [{} for _ in range(runs)]
        self.active = [True] * runs
        self.failures: list[str] = []
        self.seconds_before, self.attempts = [0.0] * runs, [1] * runs
        self.first_bad_R = torch.full((runs,), -1, device=device)
        self._reset_sums()
        self.started = self.last_save = time.monotonic()

    def _reset_sums(self, count: int = 0, sums: list[tuple[float, float]] | None = None) -> None:
        self.count = count
        zeros = [(0.0, 0.0)] * len(self.facts)
        self.sums_2R = torch.tensor(sums or zeros, dtype=torch.float64, device=self.first_bad_R.device).T.contiguous()

    def restore(self, states: list[RunState | None]) -> None:
        """Take up saved states (all at the same step, or all None)."""
        if states[0] is None:
            return
        for run, state in enumerate(states):
            self.trainer.flat.values_RP[run].copy_(state.values_P)
            self.trainer.optimizer.load_run_state(run, state.moments)
            self.history[run], self.attempts[run] = state.history, state.attempts
            self.seconds_before[run], self.snapshots[run] = state.seconds, state.snapshots
        self.step = states[0].step
        self._reset_sums(states[0].since_last_row[0], [state.since_last_row[1:] for state in states])
        LOG.info("resumed %d run(s) at step %d", len(states), self.step)

    def run(self, stop: StopRequest) -> None:
        """Train until every run has ended, saving now and then; stop cleanly when asked."""
        recipe, snapshot_steps = self.trainer.recipe, self.trainer.recipe.snapshot_steps
        progress = Progress(self._title(), recipe.steps, self.step)
        if self.step == 0:
            self._take_snapshots(snapshot_steps)
            self._evaluate()
        else:
            self._end_runs()  # of a bundle in which another run failed
        try:
            while any(self.active) and self.step < recipe.steps:
                self._step()
                self._take_snapshots(snapshot_steps)
                row = self._evaluate() if recipe.is_evaluated(self.step) else None
                progress.update(self.step, row)
                if stop and any(self.active):
                    self._save()
                    raise Interrupted(
                        f"{stop.signal_name} received, state saved at step {self.step} of {recipe.steps}",
                        where=self._title(),
                        hint="run the same command again to go on from there",
                    )
                if time.monotonic() - self.last_save > 60 * self.options.save_minutes:
                    self._save()
        finally:
            progress.close()

    def _title(self) -> str:
        more = f" and {len(self.folders) - 1} more" if len(self.folders) > 1 else ""
        return f"{self.folders[0].parent.name}/{self.folders[0].name}{more}"

    def _step(self) -> None:
        result = self.trainer.step(self.step)
        self.sums_2R += torch.stack([result.loss_R, result.grad_norm_R]).double()
        is_bad_R = ~torch.isfinite(result.loss_R) & (self.first_bad_R < 0)
        self.first_bad_R = torch.where(is_bad_R, self.step, self.first_bad_R)
        self.step += 1
        self.count += 1
        if self.options.device == "cpu":  # on a GPU this would wait for the device in every step
            self._drop_bad_runs()

    def _take_snapshots(self, steps: set[int]) -> None:
        for run in range(len(self.facts)) if self.step in steps else ():
            weights = self.trainer.flat.run_weights(run)
            self.snapshots[run] |= {snapshot_name(self.step, name): value for name, value in weights.items()}

    def _drop_bad_runs(self) -> None:
        for run, bad_step in enumerate(self.first_bad_R.tolist()):
            if bad_step >= 0 and self.active[run]:
                self.active[run] = False
                write_failed_history(self.folders[run], history_table(self.history[run]))
                remove_state(self.folders[run])
                self.failures.append(f"the loss of {self.folders[run].name} is not finite at step {bad_step}")

    def _evaluate(self) -> dict:
        """Add a row to every history; end runs that are finished or settled. Return a row to be shown."""
        self._drop_bad_runs()
        scores, norms = self.trainer.scores(), self.trainer.norms()
        loss_R, grad_norm_R = (self.sums_2R / self.count if self.count else self.sums_2R * math.nan).tolist()
        for run in range(len(self.facts)):
            row = {
                "step": self.step,
                "epoch": self.step / self.trainer.recipe.steps_per_epoch,
                "lr": float(self.trainer.rates[run][self.step - 1]) if self.step else 0.0,
                "loss": loss_R[run],
                "grad_norm": grad_norm_R[run],
                **norms[run],
                **scores[run],
            }
            if self.active[run]:
                self.history[run].append(row)
        self._reset_sums()
        self._end_runs()
        return row

    def _end_runs(self) -> None:
        recipe = self.trainer.recipe
        for run, history in enumerate(self.history):
            settled = has_settled(history, recipe.settled)
            if self.active[run] and (settled or self.step == recipe.steps):
                self.active[run] = False
                if self.options.keep_finished:
                    self._save_run(run)
                self._finish(run, "settled" if settled else "end")

    def _finish(self, run: int, reason: str) -> None:
        details = {
            "facts": self.facts[run],
            "facts_hash": facts_hash(self.facts[run]),
            "data_hash": self.data.content_hash,
            "device": self.options.device,
            "threads": self.options.threads,
            "bundle": len(self.facts),
            "attempts": self.attempts[run],
            "train_seconds": self.seconds_before[run] + time.monotonic() - self.started,
            "steps": self.step,
            "stopped_because": reason,
        }
        weights = self.trainer.flat.run_weights(run)
        write_run(self.folders[run], weights, self.snapshots[run], history_table(self.history[run]), details)

    def _save(self) -> None:
        for run in range(len(self.facts)):
            if self.active[run]:
                self._save_run(run)
        self.last_save = time.monotonic()
        LOG.info("saved %s at step %d", FILE_NAME, self.step)

    def _save_run(self, run: int) -> None:
        loss, grad_norm = self.sums_2R[:, run].tolist()
        state = RunState(
            step=self.step,
            values_P=self.trainer.flat.values_RP[run].detach().cpu().clone(),
            moments=self.trainer.optimizer.run_state(run),
            history=self.history[run],
            since_last_row=(self.count, loss, grad_norm),
            seconds=self.seconds_before[run] + time.monotonic() - self.started,
            attempts=self.attempts[run],
            snapshots=self.snapshots[run],
        )
        save_state(self.folders[run], state, _identity(self.facts[run], self.data, self.options))
