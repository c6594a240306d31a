"""Effect, interval and n from the replicates of a metric; seeds are what is independent, everywhere.

mean   effect: mean over seeds. Interval: Student's t over seeds. p: t test.
share  effect: mean over seeds of the share of each seed's runs. Interval: Clopper-Pearson with as many trials as there
       are seeds, as if the runs of one seed were one. p: binomial test.
rank   effect: probability that a run of the first group exceeds one of the second (ties half). Interval: score interval
       for it (Newcombe 2006, method 5), with as many runs as the groups have seeds. p: its normal test.
run    effect: the number of one run, a fact that is the same whenever it is repeated. No interval, no p.

p is one-sided, against the threshold. How often the intervals cover is measured in tests/claims/test_coverage.py.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

import numpy as np
from scipy.optimize import brentq
from scipy.stats import beta, norm, t

from initscale.claims.metrics import Sample

ALIKE = 0.005
"""Range of replicates, relative to the larger of 1 and their mean, below which they count as all alike."""
FEW = 6
"""Seeds below which means that are all alike decide nothing: they may all be of one kind among two."""


@dataclass(frozen=True)
class Estimate:
    """An effect with its interval, n (seeds; of the smaller group), p, and whether means of seeds were all alike.

    The number of one run has no interval: ``low`` and ``high`` are nan.
    """

    effect: float
    low: float
    high: float
    n: int
    p: float = float("nan")
    alike: bool = False

    @property
    def ends(self) -> tuple[float, float]:
        """What is set against the threshold: the interval, or the number of one run."""
        return (self.effect, self.effect) if math.isnan(self.low) else (self.low, self.high)

    @property
    def decides(self) -> bool:
        """Whether there can be a verdict: not if few seeds were all alike."""
        return not self.alike or self.n >= FEW


def size(sample: Sample) -> int:
    """Independent replicates of a sample: seeds, in the smaller group."""
    return min(len(np.unique(seeds)) for seeds in sample.seeds)


def estimate(test: str, sample: Sample, level: float, threshold: float, direction: str) -> Estimate:
    """Estimate of a sample with at least two seeds in each group, or of one run (``test`` is run)."""
    return {"mean": _mean, "share": _share, "rank": _exceeds, "run": _run}[test](sample, level, threshold, direction)


def _mean(sample: Sample, level: float, threshold: float, direction: str) -> Estimate:
    (values,) = sample.groups
    n, mean = len(values), float(np.mean(values))
    error = float(np.std(values, ddof=1)) / math.sqrt(n)
    half = t.ppf((1 + level) / 2, n - 1) * error
    alike = float(np.ptp(values)) < ALIKE * max(1.0, abs(mean))
    if error:
        p = float(t.sf(_toward(mean - threshold, direction) / error, n - 1))
    else:
        p = 0.0 if _toward(mean - threshold, direction) >= 0 else 1.0
    result = Estimate(mean, mean - half, mean + half, n, p, alike)
    return result if result.decides else replace(result, p=float("nan"))


def _run(sample: Sample, level: float, threshold: float, direction: str) -> Estimate:
    ((value,),) = sample.groups
    return Estimate(float(value), math.nan, math.nan, 1)


def _share(sample: Sample, level: float, threshold: float, direction: str) -> Estimate:
    (won,), (seeds,) = sample.groups, sample.seeds
    share = float(np.mean([won[seeds == seed].mean() for seed in np.unique(seeds)]))
    n = size(sample)
    low, high = share_interval(share, n, level)
    successes = n * (share if direction == "above" else 1 - share)
    bound = threshold if direction == "above" else 1 - threshold
    p = float(beta.cdf(bound, successes, n - successes + 1)) if successes > 0 else 1.0
    return Estimate(share, low, high, n, p)


def share_interval(share: float, n: int, level: float) -> tuple[float, float]:
    """Clopper-Pearson for a share of n trials, which need not be a whole number of them."""
    k, tail = share * n, (1 - level) / 2
    low = float(beta.ppf(tail, k, n - k + 1)) if k > 0 else 0.0
    return low, float(beta.ppf(1 - tail, k + 1, n - k)) if k < n else 1.0


def _exceeds(sample: Sample, level: float, threshold: float, direction: str) -> Estimate:
    effect = probability_of_more(*sample.groups)
    m, n = (len(np.unique(seeds)) for seeds in sample.seeds)
    low, high = exceedance_interval(effect, m, n, level)
    error = math.sqrt(exceedance_variance(threshold, m, n))
    p = float(norm.sf(_toward(effect - threshold, direction) / error))
    return Estimate(effect, low, high, min(m, n), p)


def probability_of_more(first: np.ndarray, second: np.ndarray) -> float:
    """P(a > b) + P(a = b) / 2 for a, b drawn from the two groups."""
    return float((np.sign(first[:, None] - second[None, :]).mean() + 1) / 2)


def exceedance_variance(theta: float, m: int, n: int) -> float:
    """Variance of the estimate of :func:`probability_of_more` if it is theta, for groups of m and n."""
    star = (m + n) / 2 - 1
    return theta * (1 - theta) * (1 + star * ((1 - theta) / (2 - theta) + theta / (1 + theta))) / (m * n)


def exceedance_interval(effect: float, m: int, n: int, level: float) -> tuple[float, float]:
    """All theta that lie within as many of their own standard errors of the effect as the level asks for."""
    z = norm.ppf((1 + level) / 2)

    def gap(theta: float) -> float:
        return (effect - theta) ** 2 - z**2 * exceedance_variance(theta, m, n)

    # an effect of 0 or 1 is a root itself, and its interval ends at the other one
    low = brentq(gap, 0.0, effect * (1 - 1e-9)) if gap(0.0) > 0 else 0.0
    high = brentq(gap, effect + (1 - effect) * 1e-9, 1.0) if gap(1.0) > 0 else 1.0
    return float(low), float(high)


def _toward(gap: float, direction: str) -> float:
    return gap if direction == "above" else -gap
