"""What noise makes of a claim: shuffled arms, and arms that have changed places."""

from __future__ import annotations

import itertools
import math
from dataclasses import replace

import numpy as np

from initscale.claims.cells import Cells
from initscale.claims.metrics import METRICS, Sample

SHUFFLES = 200
FEW = 1000
"""Shuffles up to which every one is taken: of three runs against three there are 720."""
_SEED = 0

ONE_ARMED = {
    "level": "it asks for a value at one setting and compares nothing",
    "last_value": "it is about one run, in which nothing can be exchanged",
    "log_distance": "it sets one run beside its own log, epoch by epoch, in which nothing can be exchanged",
}
"""Metrics without arms, with the reason; they are tested on the smoke tables and on untrained models instead."""


def shuffled(cells: Cells, rng: np.random.Generator) -> Cells:
    """The cells with their numbers permuted within each part, over arms and seeds."""
    value_n = cells.value_n.copy()
    for part in np.unique(cells.part_n):
        places = np.flatnonzero(cells.part_n == part)
        value_n[places] = value_n[rng.permutation(places)]
    return cells.with_values(value_n)


def shuffles(metric: str, cells: Cells, count: int = SHUFFLES) -> list[Sample]:
    """Samples of shuffled cells; the same for equal cells.

    All of them where there are few (``FEW``), otherwise so many at random.
    """
    if len(np.unique(cells.part_n)) == 1 and math.factorial(len(cells.value_n)) <= FEW:
        orders = itertools.permutations(range(len(cells.value_n)))
        every = (cells.with_values(cells.value_n[list(order)]) for order in orders)
    else:
        rng = np.random.default_rng(_SEED)
        every = (shuffled(cells, rng) for _ in range(count))
    return [METRICS[metric].combine(one) for one in every]


def mirrored(metric: str, sample: Sample) -> Sample:
    """The sample as it is when the arms change places."""
    if len(sample.groups) == 2:
        return replace(sample, groups=sample.groups[::-1], seeds=sample.seeds[::-1])
    (values,) = sample.groups
    if values.dtype == bool:
        return replace(sample, groups=(~values,))
    return replace(sample, groups=(1 / values if METRICS[metric].neutral == 1 else -values,))
