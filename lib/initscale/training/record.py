"""Files of runs in training: saved states, histories of those that failed, folders of those that are finished."""

from __future__ import annotations

import logging
import time
from collections.abc import Sequence

from initscale.errors import Interrupted
from initscale.experiment.grid import facts_hash
from initscale.tasks.interface import SequenceData, TaskData
from initscale.training.checkpoint import FILE_NAME, Checkpoint, remove_checkpoint, save_checkpoint
from initscale.training.history import history_table
from initscale.training.interrupts import StopRequest
from initscale.training.lockstep import Lockstep
from initscale.training.options import Options, identity
from initscale.training.progress import Progress
from initscale.training.run_files import write_failed_history, write_run

LOG = logging.getLogger("initscale")


class Recorder:
    """Writes what a training makes.

    Parameters
    ----------
    lockstep : the runs.
    data, options : what they are trained on, and how.
    checkpoints : saved states that they are taken up from, all at one step, or all None.
    """

    def __init__(
        self,
        lockstep: Lockstep,
        data: TaskData | SequenceData,
        options: Options,
        checkpoints: Sequence[Checkpoint | None],
    ):
        self.lockstep, self.data, self.options = lockstep, data, options
        self.seconds_before = [saved.seconds if saved else 0.0 for saved in checkpoints]
        self.cpu_seconds_before = [saved.cpu_seconds if saved else 0.0 for saved in checkpoints]
        self.attempts = [saved.attempts if saved else 1 for saved in checkpoints]
        self.started = self.last_save = time.monotonic()
        self.cpu_started = time.process_time()
        self.written: set[int] = set()
        if checkpoints[0] is not None:
            self._take_up(checkpoints)

    def run(self, stop: StopRequest) -> None:
        """Train until every run has ended, saving now and then; stop cleanly when asked."""
        lockstep = self.lockstep
        progress = Progress(self._title(), lockstep.trainer.recipe.steps, lockstep.step)
        lockstep.begin() if lockstep.step == 0 else lockstep.end_runs()
        self._write_ended()
        try:
            while lockstep.goes_on:
                progress.update(lockstep.step + 1, lockstep.advance())
                self._write_ended()
                self._save_if_due(stop)
        finally:
            progress.close()

    def failures(self) -> list[str]:
        """What went wrong, for each run that could not go on."""
        return [
            f"the loss of {state.folder.name} is not finite at step {state.bad_step}"
            for state in self.lockstep.states
            if state.bad_step is not None
        ]

    def _take_up(self, checkpoints: Sequence[Checkpoint]) -> None:
        trainer = self.lockstep.trainer
        for run, (state, saved) in enumerate(zip(self.lockstep.states, checkpoints, strict=True)):
            trainer.flat.values_RP[run].copy_(saved.values_P)
            trainer.optimizer.load_run_state(run, saved.moments)
            state.history, state.snapshots = saved.history, saved.snapshots
            self.lockstep.since_last_row.sums_2R[:, run].copy_(saved.sums_2)
            self.lockstep.since_last_row.largest_2R[:, run].copy_(saved.largest_2)
        self.lockstep.step, self.lockstep.since_last_row.count = checkpoints[0].step, checkpoints[0].count
        LOG.info("resumed %d run(s) at step %d", len(checkpoints), self.lockstep.step)

    def _title(self) -> str:
        first, *others = (state.folder for state in self.lockstep.states)
        return f"{first.parent.name}/{first.name}" + (f" and {len(others)} more" if others else "")

    def _save_if_due(self, stop: StopRequest) -> None:
        if stop and self.lockstep.goes_on:
            self._save()
            raise Interrupted(
                f"{stop.signal_name} received, state saved at step {self.lockstep.step} "
                f"of {self.lockstep.trainer.recipe.steps}",
                where=self._title(),
                hint="run the same command again to go on from there",
            )
        if self.lockstep.goes_on and time.monotonic() - self.last_save > 60 * self.options.save_minutes:
            self._save()

    def _write_ended(self) -> None:
        for run, state in enumerate(self.lockstep.states):
            if run in self.written or state.active:
                continue
            self.written.add(run)
            if state.bad_step is not None:
                write_failed_history(state.folder, history_table(state.history))
                remove_checkpoint(state.folder)
                continue
            if self.options.keep_finished:
                self._save_run(run)
            weights = self.lockstep.trainer.flat.run_weights(run)
            write_run(state.folder, weights, state.snapshots, history_table(state.history), self._details(run))

    def _details(self, run: int) -> dict:
        state = self.lockstep.states[run]
        return {
            "facts": state.facts,
            "facts_hash": facts_hash(state.facts),
            "data_hash": self.data.content_hash,
            "code": self.options.code,
            "definitions": self.options.definitions,
            "device": self.options.device,
            "threads": self.options.threads,
            "bundle": len(self.lockstep.states),
            "attempts": self.attempts[run],
            "train_seconds": self._seconds(run),
            "cpu_seconds": self._cpu_seconds(run),
            "steps": self.lockstep.step,
            "stopped_because": state.ended,
        }

    def _seconds(self, run: int) -> float:
        return self.seconds_before[run] + time.monotonic() - self.started

    def _cpu_seconds(self, run: int) -> float:
        """CPU time over all attempts; runs that are trained together share it evenly."""
        spent = (time.process_time() - self.cpu_started) / len(self.lockstep.states)
        return self.cpu_seconds_before[run] + spent

    def _save(self) -> None:
        for run, state in enumerate(self.lockstep.states):
            if state.active:
                self._save_run(run)
        self.last_save = time.monotonic()
        LOG.info("saved %s at step %d", FILE_NAME, self.lockstep.step)

    def _save_run(self, run: int) -> None:
        trainer, state, since = self.lockstep.trainer, self.lockstep.states[run], self.lockstep.since_last_row
        checkpoint = Checkpoint(
            step=self.lockstep.step,
            values_P=trainer.flat.values_RP[run].detach().cpu().clone(),
            moments=trainer.optimizer.run_state(run),
            history=state.history,
            count=since.count,
            sums_2=since.sums_2R[:, run].cpu().clone(),
            largest_2=since.largest_2R[:, run].cpu().clone(),
            seconds=self._seconds(run),
            cpu_seconds=self._cpu_seconds(run),
            attempts=self.attempts[run],
            snapshots=state.snapshots,
        )
        save_checkpoint(state.folder, checkpoint, identity(state.facts, self.data, self.options))
