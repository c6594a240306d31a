"""Generate pairs of numbers: training and test pairs outside the block, and all pairs of the block."""

from __future__ import annotations

import numpy as np
import pyarrow as pa

from initscale.files.tables import make_table
from initscale.tasks.addition.definition import columns
from initscale.tasks.random_integers import Stream

_STREAMS = {"outside": 0, "block": 1}


def generate(spec: dict) -> dict[str, pa.Table]:
    """``train``, ``test``: different pairs outside the block, at random. ``block``: all pairs of the block, shuffled.

    Columns: see ``initscale.tasks.addition.columns``. (a, b) and (b, a) are two pairs.
    """
    low, high = spec["values"]
    a, b = (side.ravel() for side in np.mgrid[low : high + 1, low : high + 1])
    first, last = spec["block"]
    in_block = (a >= first) & (a <= last) & (b >= first) & (b <= last)
    found = {}
    for name, where in (("outside", ~in_block), ("block", in_block)):
        rows = np.flatnonzero(where)
        found[name] = rows[Stream(spec["seed"], _STREAMS[name]).permutation(len(rows))]
    train, test = spec["train_pairs"], spec["test_pairs"]
    splits = {
        "train": found["outside"][:train],
        "test": found["outside"][train : train + test],
        "block": found["block"],
    }
    return {
        name: make_table(columns(spec), {"a": a[rows], "b": b[rows], "c": (a + b)[rows]})
        for name, rows in splits.items()
    }
