"""Runs trained in step with each other: steps, history, resume files, and the files of a finished run."""

from __future__ import annotations

import importlib
import logging
import math
import time
from pathlib import Path

import torch
from safetensors.torch import load_file

from initscale.errors import Interrupted
from initscale.grid import facts_hash
from initscale.tasks import trainer_module
from initscale.tasks.interface import SequenceData, TaskData
from initscale.training.history import has_settled, history_table
from initscale.training.interrupts import StopRequest
from initscale.training.options import Options, identity
from initscale.training.progress import Progress
from initscale.training.resume import FILE_NAME, RunState, remove_state, save_state
from initscale.training.run_files import snapshot_name, write_failed_history, write_run

LOG = logging.getLogger("initscale")


class Lockstep:
    """Runs that are trained in step with each other."""

    def __init__(self, facts, folders, data: TaskData | SequenceData, device: torch.device, options: Options):
        self.facts, self.folders, self.data, self.options = facts, folders, data, options
        # by name, so that an edit of one trainer leaves the runs of the other up to date
        module = importlib.import_module(trainer_module(facts[0]["dataset"]["task"]))
        self.trainer = module.Trainer(facts, data, device)
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

    def start_from(self, paths: list[str | Path | None]) -> None:
        """Replace the initial weights of runs that continue from another run's final ones."""
        for run, path in enumerate(paths):
            if path is not None:
                self.trainer.flat.load(run, load_file(path))

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
        save_state(self.folders[run], state, identity(self.facts[run], self.data, self.options))
