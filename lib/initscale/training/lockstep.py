"""Runs trained in step with each other: steps, rows of the history, and when each run ends.

Files and progress are the matter of ``initscale.training.record`` and ``initscale.training.progress``.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from pathlib import Path

import torch
from safetensors.torch import load_file
from torch import Tensor

from initscale.training.choices import load_choice
from initscale.training.history import stops_early
from initscale.training.norms import StepResult

EARLY, END = "early_stopping", "end"
"""Why a run ended: by the rule of its recipe, or behind its last step."""


@dataclass
class RunState:
    """One run between two steps.

    Attributes
    ----------
    facts, folder : what determines it and where its files go.
    history : rows so far.
    snapshots : step -> weights that are kept.
    ended : why it ended, None while it goes on.
    bad_step : step at which its loss was not finite, None while it is.
    """

    facts: dict
    folder: Path
    history: list[dict] = field(default_factory=list)
    snapshots: dict[int, dict[str, Tensor]] = field(default_factory=dict)
    ended: str | None = None
    bad_step: int | None = None

    @property
    def active(self) -> bool:
        """Whether it still counts: neither ended nor failed."""
        return self.ended is None and self.bad_step is None


class SinceLastRow:
    """Mean and maximum of loss and gradient norm over the steps since the last row of the history.

    Kept on the device, so that a step need not wait for it.
    """

    def __init__(self, runs: int, device: torch.device):
        self.count = 0
        self.sums_2R = torch.zeros(2, runs, dtype=torch.float64, device=device)
        self.largest_2R = torch.full((2, runs), -math.inf, dtype=torch.float64, device=device)

    def add(self, result: StepResult) -> None:
        """Count one step."""
        values_2R = torch.stack([result.loss_R, result.grad_norm_R]).double()
        self.sums_2R += values_2R
        self.largest_2R = torch.maximum(self.largest_2R, values_2R)
        self.count += 1

    def row(self, run: int) -> dict[str, float]:
        """Columns of the history for one run; nan before the first step."""
        if not self.count:
            return dict.fromkeys(("loss", "grad_norm", "max_loss", "max_grad_norm"), math.nan)
        loss, grad_norm = (self.sums_2R[:, run] / self.count).tolist()
        max_loss, max_grad_norm = self.largest_2R[:, run].tolist()
        return {"loss": loss, "grad_norm": grad_norm, "max_loss": max_loss, "max_grad_norm": max_grad_norm}


class Lockstep:
    """Runs of equal shape that make every step together.

    Parameters
    ----------
    facts, folders : of each run.
    data : what they are trained on.
    device : where.
    """

    def __init__(self, facts: list[dict], folders: list[Path], data, device: torch.device):
        self.device = device
        self.trainer = load_choice("trainer", facts[0])(facts, data, device)
        self.states = [RunState(*run) for run in zip(facts, folders, strict=True)]
        self.step = 0
        self.first_bad_R = torch.full((len(facts),), -1, device=device)
        self.since_last_row = SinceLastRow(len(facts), device)

    def init_from(self, paths: list[str | Path | None]) -> None:
        """Replace the initial weights of runs that continue from another run's final ones."""
        for run, path in enumerate(paths):
            if path is not None:
                self.trainer.flat.load(run, load_file(path))

    @property
    def goes_on(self) -> bool:
        """Whether a run is left that has not ended."""
        return any(state.active for state in self.states)

    def begin(self) -> None:
        """Take the first snapshot and the first row, before any update."""
        self._take_snapshots()
        self._evaluate()

    def advance(self) -> dict | None:
        """Make one step; return a row of the history if one was due, for the progress."""
        result = self.trainer.step(self.step)
        self.since_last_row.add(result)
        is_bad_R = ~torch.isfinite(result.loss_R) & (self.first_bad_R < 0)
        self.first_bad_R = torch.where(is_bad_R, self.step, self.first_bad_R)
        self.step += 1
        if self.device.type == "cpu":  # on a GPU this would wait for the device in every step
            self._drop_bad_runs()
        self._take_snapshots()
        return self._evaluate() if self.trainer.recipe.is_evaluated(self.step) else None

    def end_runs(self) -> None:
        """Mark the runs that are behind their last step or that their rule stops."""
        recipe = self.trainer.recipe
        for state in self.states:
            if state.active and stops_early(state.history, recipe.early_stopping):
                state.ended = EARLY
            elif state.active and self.step == recipe.steps:
                state.ended = END

    def _take_snapshots(self) -> None:
        if self.step in self.trainer.recipe.snapshot_steps:
            for run, state in enumerate(self.states):
                state.snapshots[self.step] = self.trainer.flat.run_weights(run)

    def _drop_bad_runs(self) -> None:
        for state, bad_step in zip(self.states, self.first_bad_R.tolist(), strict=True):
            if bad_step >= 0 and state.active:
                state.bad_step = bad_step

    def _evaluate(self) -> dict:
        """Add a row to the history of every active run and end what has to end; return one of the rows."""
        self._drop_bad_runs()
        rows = [self._row(run, *measured) for run, measured in enumerate(zip(*self._measured(), strict=True))]
        for state, row in zip(self.states, rows, strict=True):
            if state.active:
                state.history.append(row)
        self.since_last_row = SinceLastRow(len(self.states), self.device)
        self.end_runs()
        return rows[-1]

    def _measured(self) -> tuple[list[dict], list[dict]]:
        return self.trainer.norms(), self.trainer.scores()

    def _row(self, run: int, norms: dict, scores: dict) -> dict:
        """One row; see ``initscale.training.history``."""
        return {
            "step": self.step,
            "epoch": self.step / self.trainer.recipe.steps_per_epoch,
            "lr": float(self.trainer.rates[run][self.step - 1]) if self.step else 0.0,
            **self.since_last_row.row(run),
            **norms,
            **scores,
        }
