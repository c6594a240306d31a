"""Metrics: from the rows of an aggregate table to one number per independent replicate.

Each has two halves: what it reads (``read``: rows -> cells) and what it makes of them (``combine``: cells -> sample).
It goes with the interval that fits what it returns (``initscale.claims.intervals``):

mean   one number per seed: other runs of a seed are averaged first, because they are not independent of each other
share  one truth value per run, with its seed
rank   one number per run, in two groups of runs, with its seed
run    the number of one run, which is a fact and no sample

Common options: ``value`` (column), ``where`` (conditions, see ``selection``).
"""

from __future__ import annotations

import warnings
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import pandas as pd
from scipy.stats import rankdata

from initscale.claims import readers
from initscale.claims.cells import Cells
from initscale.claims.readers import Options
from initscale.claims.selection import Roles, Unavailable


@dataclass(frozen=True)
class Sample:
    """Replicates of a metric, and the seed of each: one array, or two for a comparison of groups.

    ``undefined`` were left out.
    """

    groups: tuple[np.ndarray, ...]
    seeds: tuple[np.ndarray, ...]
    undefined: int = 0


@dataclass(frozen=True)
class Metric:
    """A registered metric.

    ``read`` and ``combine`` are its halves, ``test`` the interval that fits it. ``neutral`` is its value where the arms
    are alike; None for a level, which has one arm.
    """

    read: Callable[[pd.DataFrame, Options, Roles], Cells]
    combine: Callable[[Cells], Sample]
    test: str
    neutral: float | None
    required: tuple[str, ...]
    optional: tuple[str, ...]

    @property
    def options(self) -> tuple[str, ...]:
        """All that a claim may give."""
        return (*self.required, *self.optional)

    def sample(self, rows: pd.DataFrame, options: Options, roles: Roles) -> Sample:
        """Both halves."""
        return self.combine(self.read(rows, options, roles))


def _per_seed(numbers_S: np.ndarray, seeds_S: np.ndarray) -> Sample:
    """A sample of one number per seed; nan and infinity are undefined, and of a seed without cells there is none."""
    finite_S = np.isfinite(numbers_S)
    return Sample((numbers_S[finite_S],), (seeds_S[finite_S],), int((~finite_S).sum()))


def _mean(numbers: np.ndarray, axis: int | tuple[int, ...]) -> np.ndarray:
    """Mean of what there is; nan without a warning where there is nothing."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", RuntimeWarning)
        return np.nanmean(numbers, axis=axis)


def _complete(numbers_S: np.ndarray, present_S: np.ndarray, seeds_S: np.ndarray, what: str) -> Sample:
    """Seeds that have every arm; the others are no replicates."""
    if not present_S.any():
        raise Unavailable(f"no seed has {what}")
    return _per_seed(numbers_S[present_S], seeds_S[present_S])


def _level(cells: Cells) -> Sample:
    """Mean, for each seed."""
    return _per_seed(cells.grid()[:, 0, 0], cells.seeds)


def _difference(cells: Cells) -> Sample:
    """Mean at ``high`` minus mean at ``low``, within each part and averaged over these, for each seed that has both."""
    grid_SPA = cells.grid()
    return _paired(grid_SPA[..., 0] - grid_SPA[..., 1], cells)


def _paired(gap_SP: np.ndarray, cells: Cells) -> Sample:
    """Mean over the parts, for each seed that has both arms anywhere."""
    cells_SPA = np.zeros((len(cells.seeds), gap_SP.shape[1], len(cells.arms)), dtype=bool)
    cells_SPA[np.searchsorted(cells.seeds, cells.seed_n), cells.part_n, cells.arm_n] = True
    both_S = np.logical_or.reduce(np.logical_and.reduce(cells_SPA, axis=2), axis=1)
    return _complete(_mean(gap_SP, 1), both_S, cells.seeds, "both runs")


def _interaction(cells: Cells) -> Sample:
    """Gap between ``high`` and ``low`` at ``first`` minus that at ``then``, for each seed that has all four."""
    mean_SA = _mean(cells.grid(), 1)
    numbers_S = mean_SA[:, 0] - mean_SA[:, 1] - mean_SA[:, 2] + mean_SA[:, 3]
    return _complete(numbers_S, np.isfinite(numbers_S), cells.seeds, "all four runs")


def _ratio(cells: Cells) -> Sample:
    """Geometric mean over the parts of the value at ``high`` over that at ``low``, for each seed that has both."""
    with np.errstate(divide="ignore"):
        log_SPA = np.log(cells.grid())
    sample = _paired(log_SPA[..., 0] - log_SPA[..., 1], cells)
    return Sample((np.exp(sample.groups[0]),), sample.seeds, sample.undefined)


def _peak(cells: Cells) -> Sample:
    """Mean at ``inside`` minus the largest of those at ``outside``, for each seed that has all."""
    grid_SA = cells.grid()[:, 0]
    numbers_S = grid_SA[:, 0] - grid_SA[:, 1:].max(1)
    return _complete(numbers_S, np.isfinite(numbers_S), cells.seeds, "all runs")


def _peak_ratio(cells: Cells) -> Sample:
    """Largest value between the ends of the column over the larger of the two at its ends, for each seed."""
    grid_SA = cells.grid()[:, 0]
    if grid_SA.shape[1] < 3:
        raise Unavailable("fewer than three values between the ends")
    numbers_S = grid_SA[:, 1:-1].max(1) / grid_SA[:, [0, -1]].max(1)
    return _complete(numbers_S, np.isfinite(numbers_S), cells.seeds, "a number everywhere")


def _trend(cells: Cells) -> Sample:
    """Spearman's rank correlation with the column, inside each part, averaged over these, for each seed."""
    grid_SPA, along_A = cells.grid(), np.array(cells.arms, dtype=float)
    rho_SP = np.array([[_spearman(along_A, values_A) for values_A in row_PA] for row_PA in grid_SPA])
    numbers_S = _mean(rho_SP, 1)
    if np.isnan(numbers_S).all():
        raise Unavailable("fewer than three values along the column")
    defined_S = np.isfinite(numbers_S)
    return Sample((numbers_S[defined_S],), (cells.seeds[defined_S],))


def _spearman(along_A: np.ndarray, values_A: np.ndarray) -> float:
    """Of the arms that have a number; nan for fewer than three, 0 where all are equal: no change is no trend."""
    finite_A = np.isfinite(values_A)
    if finite_A.sum() < 3:
        return np.nan
    ranks = [rankdata(numbers[finite_A]) for numbers in (along_A, values_A)]
    centred = [rank - rank.mean() for rank in ranks]
    norm = np.sqrt((centred[0] ** 2).sum() * (centred[1] ** 2).sum())
    return float(centred[0] @ centred[1] / norm) if norm else 0.0


def _wins(cells: Cells) -> Sample:
    """Whether the first score is larger than the second, for each run."""
    grid_SPA = cells.grid()
    seed_S, part_P = np.nonzero(np.isfinite(grid_SPA).any(2))
    first_R, second_R = grid_SPA[seed_S, part_P].T
    defined_R = np.isfinite(first_R) & np.isfinite(second_R)
    won_R = (first_R > second_R)[defined_R]
    return Sample((won_R,), (cells.seeds[seed_S][defined_R],), int((~defined_R).sum()))


def _phases(cells: Cells) -> Sample:
    """The number of each run of the phase ``high``, and of each of the phase ``low``."""
    finite_n = np.isfinite(cells.value_n)
    masks = [finite_n & (cells.arm_n == arm) for arm in (0, 1)]
    values, seeds = (tuple(array[mask] for mask in masks) for array in (cells.value_n, cells.seed_n))
    return Sample(values, seeds, int((~finite_n).sum()))


def _one(cells: Cells) -> Sample:
    """The number of one run."""
    return _per_seed(cells.grid()[:, 0, 0], cells.seeds)


def _distance(cells: Cells) -> Sample:
    """Largest relative difference of a run from its log, |ours / theirs - 1|, over the parts."""
    grid_SPA = cells.grid()
    return _per_seed(np.abs(grid_SPA[..., 0] / grid_SPA[..., 1] - 1).max(1), cells.seeds)


METRICS: dict[str, Metric] = {
    "level": Metric(readers.read_level, _level, "mean", None, ("value",), ("where",)),
    "difference": Metric(readers.read_sides, _difference, "mean", 0.0, ("value", "high", "low"), ("where",)),
    "interaction": Metric(
        readers.read_interaction, _interaction, "mean", 0.0, ("value", "high", "low", "first", "then"), ("where",)
    ),
    "ratio": Metric(readers.read_ratio, _ratio, "mean", 1.0, ("value", "high", "low", "over"), ("where",)),
    "peak": Metric(readers.read_peak, _peak, "mean", 0.0, ("value", "inside", "outside"), ("where",)),
    "peak_ratio": Metric(readers.read_along, _peak_ratio, "mean", 1.0, ("value", "along"), ("where",)),
    "trend": Metric(readers.read_along, _trend, "mean", 0.0, ("value", "along"), ("where", "within")),
    "wins": Metric(readers.read_wins, _wins, "share", 0.5, ("first", "second"), ("where", "uniform")),
    "by_phase": Metric(readers.read_phases, _phases, "rank", 0.5, ("where", "high", "low"), ("within",)),
    "last_value": Metric(readers.read_last, _one, "run", None, ("value", "where"), ()),
    "log_distance": Metric(readers.read_log, _distance, "run", None, ("value", "log", "epochs", "where"), ()),
}
"""By the name that claims use. Options: those that are required, and those that may be given."""
