"""Effect, interval and n from the replicates of a metric.

mean   effect: mean over seeds. Interval: Student's t over seeds.
share  effect: share of runs. Interval: Clopper-Pearson. p: sign test against one half.
rank   effect: probability that a run of the first group exceeds one of the second (ties half). Interval: bootstrap
       of both groups. p: Mann-Whitney test.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from scipy.stats import binomtest, bootstrap, mannwhitneyu, t

from initscale.claims.metrics import Sample

_SEED = 0  # of the resampling, so that equal tables give equal intervals
_RESAMPLES = 10000


@dataclass(frozen=True)
class Estimate:
    """An effect with its interval, n (replicates; of the smaller group for a rank test) and p (nan without a test)."""

    effect: float
    low: float
    high: float
    n: int
    p: float = float("nan")


def size(sample: Sample) -> int:
    """n of a sample."""
    return min(len(group) for group in sample.groups)


def estimate(test: str, sample: Sample, level: float, direction: str) -> Estimate:
    """Estimate of a sample with at least two replicates in each group."""
    return {"mean": _mean, "share": _share, "rank": _exceeds}[test](sample, level, direction)


def _mean(sample: Sample, level: float, _: str) -> Estimate:
    (values,) = sample.groups
    n, mean = len(values), float(np.mean(values))
    half = t.ppf((1 + level) / 2, n - 1) * float(np.std(values, ddof=1)) / math.sqrt(n)
    return Estimate(mean, mean - half, mean + half, n)


def _share(sample: Sample, level: float, direction: str) -> Estimate:
    (won,) = sample.groups
    test = binomtest(int(won.sum()), len(won), 0.5, alternative=_side(direction))
    interval = binomtest(int(won.sum()), len(won)).proportion_ci(level, "exact")
    return Estimate(float(won.mean()), float(interval.low), float(interval.high), len(won), float(test.pvalue))


def _exceeds(sample: Sample, level: float, direction: str) -> Estimate:
    low, high = _resampled(sample.groups, level)
    p = float(mannwhitneyu(*sample.groups, alternative=_side(direction)).pvalue)
    return Estimate(float(probability_of_more(*sample.groups)), low, high, size(sample), p)


def probability_of_more(first: np.ndarray, second: np.ndarray, axis: int = -1) -> np.ndarray:
    """P(a > b) + P(a = b) / 2 for a, b drawn from the two groups (their last axis)."""
    gap = np.sign(np.expand_dims(first, -1) - np.expand_dims(second, -2))
    return (gap.mean(axis=(-2, -1)) + 1) / 2


def _resampled(groups: tuple[np.ndarray, ...], level: float) -> tuple[float, float]:
    if all(np.ptp(group) == 0 for group in groups):
        value = float(probability_of_more(*groups))
        return value, value
    rng, method = np.random.default_rng(_SEED), {"method": "percentile", "vectorized": True, "batch": 1000}
    found = bootstrap(groups, probability_of_more, n_resamples=_RESAMPLES, confidence_level=level, rng=rng, **method)
    return float(found.confidence_interval.low), float(found.confidence_interval.high)


def _side(direction: str) -> str:
    return "greater" if direction == "above" else "less"
