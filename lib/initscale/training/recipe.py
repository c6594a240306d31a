"""A training recipe in steps: the learning rate of every step and when things happen."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch

from initscale.units import parse_time, steps_per_epoch


@dataclass(frozen=True)
class Settled:
    """Rule that ends a run early: see ``settled`` in config/schema.yaml."""

    loss: float
    change: float
    evaluations: int


@dataclass(frozen=True)
class Recipe:
    """What every run of a bundle shares; learning rate, weight decay, gamma and seed may differ."""

    batch: int
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
    settled: Settled | None

    @classmethod
    def from_facts(cls, facts: dict, rows: int) -> Recipe:
        """Build from ``run_facts`` and the number of training sequences."""
        training = facts["training"]
        per_epoch = steps_per_epoch(rows, training["batch"])
        settled = training["settled"]
        return cls(
            batch=training["batch"],
            steps=parse_time(training["duration"], per_epoch),
            warmup=parse_time(training["warmup"], per_epoch),
            steps_per_epoch=per_epoch,
            evaluate_every=parse_time(facts["evaluation"]["every"], per_epoch),
            snapshots=facts["evaluation"]["snapshots"],
            betas=tuple(training["betas"]),
            settled=Settled(**settled) if settled else None,
            **{key: training[key] for key in ("lr_start", "lr_end", "eps", "clip", "precision")},
        )

    def learning_rates(self, peak: float) -> np.ndarray:
        """Learning rate of every step, shape (steps,) (paper, Appendix A).

        Linear from ``lr_start`` to ``peak`` over the warm-up, then half a cosine to ``lr_end``.
        """
        step = np.arange(self.steps)
        rising = self.lr_start + (peak - self.lr_start) * step / max(self.warmup, 1)
        progress = (step - self.warmup) / max(self.steps - self.warmup, 1)
        falling = self.lr_end + (peak - self.lr_end) * 0.5 * (1 + np.cos(np.pi * progress))
        return np.where(step < self.warmup, rising, falling)

    @property
    def weights_dtype(self) -> torch.dtype:
        """Of weights and optimiser: float64 for fp64, float32 in all other precisions."""
        return torch.float64 if self.precision == "fp64" else torch.float32

    @property
    def product_dtype(self) -> torch.dtype | None:
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
