"""A training recipe in steps: the learning rate of every step and when things happen."""

from __future__ import annotations

import importlib
from dataclasses import dataclass

import numpy as np
import torch

from initscale.experiment.durations import parse_time, steps_per_epoch
from initscale.training.choices import schedule_of


@dataclass(frozen=True)
class EarlyStopping:
    """Rule that ends a run early: see ``early_stopping`` in config/schema/training.yaml."""

    loss: float
    change: float
    evaluations: int


@dataclass(frozen=True)
class Recipe:
    """What every run of a bundle shares; learning rate, weight decay, gamma and seed may differ.

    Attributes
    ----------
    schedule_steps : updates that the learning-rate schedule is made for (the key ``duration``).
    steps : updates that are made at most: ``stop_after`` where it is given, else all of the schedule.
    """

    batch: int
    schedule_steps: int
    steps: int
    warmup: int
    steps_per_epoch: int
    evaluate_every: int
    snapshots: int
    lr_start: float
    lr_end: float
    betas: tuple[float, float]
    eps: float
    clip: float
    precision: str
    early_stopping: EarlyStopping | None
    schedule: str

    @classmethod
    def from_facts(cls, facts: dict, rows: int) -> Recipe:
        """Build from ``run_facts`` and the number of training sequences."""
        training = facts["training"]
        per_epoch = steps_per_epoch(rows, training["batch"])
        rule = training["early_stopping"]
        duration = parse_time(training["duration"], per_epoch)
        stop_after = training.get("stop_after")
        return cls(
            batch=training["batch"],
            schedule_steps=duration,
            steps=min(duration, parse_time(stop_after, per_epoch)) if stop_after else duration,
            warmup=parse_time(training["warmup"], per_epoch),
            steps_per_epoch=per_epoch,
            evaluate_every=parse_time(facts["evaluation"]["every"], per_epoch),
            snapshots=facts["evaluation"]["snapshots"],
            betas=tuple(training["betas"]),
            early_stopping=EarlyStopping(**rule) if rule else None,
            schedule=schedule_of(training),
            **{key: training[key] for key in ("lr_start", "lr_end", "eps", "clip", "precision")},
        )

    def learning_rates(self, peak: float) -> np.ndarray:
        """Learning rate of every step of the schedule, shape (schedule_steps,)."""
        return importlib.import_module(self.schedule).learning_rates(self, peak)

    @property
    def weights_dtype(self) -> torch.dtype:
        """Of weights and optimiser: float64 for fp64, float32 in all other precisions."""
        return torch.float64 if self.precision == "fp64" else torch.float32

    @property
    def compute_dtype(self) -> torch.dtype | None:
        """Of matrix products where it is not that of the weights."""
        return torch.bfloat16 if self.precision == "bf16" else None

    @property
    def snapshot_steps(self) -> set[int]:
        """Steps whose weights are kept: 0, then ``snapshots - 1`` spaced evenly in the logarithm up to the last."""
        if self.snapshots < 2:
            return set(range(self.snapshots))
        return {0} | set(np.geomspace(1, self.steps, self.snapshots - 1).round().astype(int).tolist())

    def is_evaluated(self, step: int) -> bool:
        """Whether a row of the history belongs to the state after ``step`` steps."""
        return step % self.evaluate_every == 0 or step == self.steps
