"""Is an accuracy monotone in a setting? Spearman's rank correlation with a bootstrap interval over runs."""

from __future__ import annotations

import warnings
from typing import NamedTuple

import numpy as np
from scipy.stats import ConstantInputWarning, DegenerateDataWarning, bootstrap, rankdata, spearmanr


class Estimate(NamedTuple):
    """A rank correlation and its interval; nan where it does not exist."""

    value: float
    low: float
    high: float


def rank_correlation(setting: np.ndarray, outcome: np.ndarray, held: np.ndarray | None = None) -> float:
    """Spearman's correlation of ``setting`` and ``outcome`` over runs, each (n,).

    Parameters
    ----------
    held : a second setting, (n,), to be held fixed: ranks are then taken, and centred, among the runs that share its
        value, and divided by their number. So an effect of the second setting does not count as scatter.

    Returns
    -------
    A number in -1..1, nan if all outcomes (with ``held``: all outcomes of every group) or all settings are equal.
    """
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConstantInputWarning)  # nan says it
        if held is None:
            return float(spearmanr(setting, outcome).statistic)
        ranks_2n = np.array([_ranks_within(values, held) for values in (setting, outcome)])
        norms = np.linalg.norm(ranks_2n, axis=1)
        return float(ranks_2n[0] @ ranks_2n[1] / np.prod(norms)) if norms.all() else np.nan


def _ranks_within(values: np.ndarray, held: np.ndarray) -> np.ndarray:
    """Ranks among the runs with the same ``held``, centred and relative to their number."""
    found = np.empty(len(values))
    for value in np.unique(held):
        group = held == value
        found[group] = (rankdata(values[group]) - (group.sum() + 1) / 2) / group.sum()
    return found


def with_interval(
    setting: np.ndarray, outcome: np.ndarray, held: np.ndarray | None, resamples: int, confidence: float, seed: int
) -> Estimate:
    """The correlation with its percentile bootstrap interval; runs are drawn with replacement.

    The interval is nan where the correlation is, or where it does not exist in one of the resamples.
    """
    data = (setting, outcome) if held is None else (setting, outcome, held)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DegenerateDataWarning)  # nan says it
        found = bootstrap(
            data,
            rank_correlation,
            paired=True,
            vectorized=False,
            n_resamples=resamples,
            confidence_level=confidence,
            method="percentile",
            rng=np.random.default_rng(seed),
        )
    return Estimate(rank_correlation(*data), *map(float, found.confidence_interval))
