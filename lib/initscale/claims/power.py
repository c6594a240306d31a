"""How many seeds would settle a claim, if its true effect were the one that was found."""

from __future__ import annotations

import math

import numpy as np
from scipy.stats import binom, nct, norm, t

from initscale.claims.intervals import FEW, Estimate, exceedance_variance, share_interval
from initscale.claims.metrics import Sample

POWER = 0.8
MOST = 200
"""Seeds beyond which no number is given."""


def seeds_needed(test: str, sample: Sample, estimated: Estimate, level: float, threshold: float) -> float:
    """Smallest number of seeds with which the interval would clear the threshold in 80 % of the repetitions.

    In whichever direction the effect is. Seeds that are all alike decide nothing below ``FEW``: they need as many.
    Nan if that takes more than ``MOST``, if the effect is the threshold, or for the number of one run.
    """
    if test == "run":
        return math.nan
    power = {"mean": _mean, "share": _share, "rank": _exceeds}[test]
    sizes = (
        n
        for n in range(FEW if estimated.alike else 2, MOST + 1)
        if power(n, sample, estimated.effect, level, threshold) >= POWER
    )
    return float(next(sizes, np.nan)) if estimated.effect != threshold else float("nan")


def _mean(n: int, sample: Sample, effect: float, level: float, threshold: float) -> float:
    deviation = float(np.std(sample.groups[0], ddof=1))
    if not deviation:
        return 1.0
    shift = abs(effect - threshold) * math.sqrt(n) / deviation
    return float(nct.sf(t.ppf((1 + level) / 2, n - 1), n - 1, min(shift, 37.0)))


def _share(n: int, _: Sample, effect: float, level: float, threshold: float) -> float:
    share, bound = (effect, threshold) if effect > threshold else (1 - effect, 1 - threshold)
    enough = (k for k in range(n + 1) if share_interval(k / n, n, level)[0] >= bound)
    fewest = next(enough, None)
    return 0.0 if fewest is None else float(binom.sf(fewest - 1, n, share))


def _exceeds(n: int, _: Sample, effect: float, level: float, threshold: float) -> float:
    errors = [math.sqrt(exceedance_variance(theta, n, n)) for theta in (threshold, effect)]
    margin = abs(effect - threshold) - norm.ppf((1 + level) / 2) * errors[0]
    return float(norm.cdf(margin / errors[1])) if errors[1] else float(margin >= 0)
