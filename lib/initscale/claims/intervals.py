"""Effect, interval and n from the replicates of a metric.

bootstrap  effect: mean over seeds. Interval: percentile bootstrap over seeds. With three seeds it is the range of the
           three, which covers the true mean in fewer cases than its level says; so thresholds ask for effects that
           matter, not for any that differ from zero.
sign       effect: share of runs. Interval: Clopper-Pearson. p: sign test against one half.
rank       effect: probability that a run of the first group exceeds one of the second (ties half). Interval: bootstrap
           of both groups. p: Mann-Whitney test.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.stats import binomtest, bootstrap, mannwhitneyu

from initscale.claims.metrics import Sample

_SEED = 0  # of the resampling, so that equal tables give equal intervals


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


def estimate(test: str, sample: Sample, level: float, resamples: int, direction: str) -> Estimate:
    """Estimate of a sample with at least one replicate in each group."""
    return {"bootstrap": _mean, "sign": _share, "rank": _exceeds}[test](sample, level, resamples, direction)


def _mean(sample: Sample, level: float, resamples: int, _: str) -> Estimate:
    (values,) = sample.groups
    low, high = _resampled((values,), np.mean, level, resamples)
    return Estimate(float(np.mean(values)), low, high, len(values))


def _share(sample: Sample, level: float, _: int, direction: str) -> Estimate:
    (won,) = sample.groups
    test = binomtest(int(won.sum()), len(won), 0.5, alternative=_side(direction))
    interval = binomtest(int(won.sum()), len(won)).proportion_ci(level, "exact")
    return Estimate(float(won.mean()), float(interval.low), float(interval.high), len(won), float(test.pvalue))


def _exceeds(sample: Sample, level: float, resamples: int, direction: str) -> Estimate:
    low, high = _resampled(sample.groups, probability_of_more, level, resamples)
    p = float(mannwhitneyu(*sample.groups, alternative=_side(direction)).pvalue)
    return Estimate(float(probability_of_more(*sample.groups)), low, high, size(sample), p)


def probability_of_more(first: np.ndarray, second: np.ndarray, axis: int = -1) -> np.ndarray:
    """P(a > b) + P(a = b) / 2 for a, b drawn from the two groups (their last axis)."""
    gap = np.sign(np.expand_dims(first, -1) - np.expand_dims(second, -2))
    return (gap.mean(axis=(-2, -1)) + 1) / 2


def _resampled(groups: tuple[np.ndarray, ...], statistic, level: float, resamples: int) -> tuple[float, float]:
    if all(np.ptp(group) == 0 for group in groups):
        value = float(statistic(*groups))
        return value, value
    rng, method = np.random.default_rng(_SEED), {"method": "percentile", "vectorized": True, "batch": 1000}
    found = bootstrap(groups, statistic, n_resamples=resamples, confidence_level=level, rng=rng, **method)
    return float(found.confidence_interval.low), float(found.confidence_interval.high)


def _side(direction: str) -> str:
    return "greater" if direction == "above" else "less"
