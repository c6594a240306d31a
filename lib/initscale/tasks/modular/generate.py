"""Generate all equations of a modulus in random order, cut into training and test."""

from __future__ import annotations

import numpy as np
import pyarrow as pa

from initscale.files.tables import make_table
from initscale.tasks.modular.definition import columns, training_rows
from initscale.tasks.random_integers import Stream


def generate(spec: dict) -> dict[str, pa.Table]:
    """``train`` and ``test``; see ``initscale.tasks.modular.definition``."""
    p, divides = spec["prime"], spec["operation"] == "divide"
    a, b = (side.ravel() for side in np.mgrid[:p, int(divides) : p])
    c = a * inverses(p)[b] % p if divides else (a + b) % p
    order = Stream(spec["seed"], 0).permutation(len(a))
    taught = training_rows(spec)
    found = {}
    for split, rows in {"train": order[:taught], "test": order[taught:]}.items():
        values = {"a": a[rows], "b": b[rows], "c": c[rows]}
        found[split] = make_table(columns(spec), {name: some.astype(np.int16) for name, some in values.items()})
    return found


def inverses(prime: int) -> np.ndarray:
    """1 / b modulo a prime at index b; 0 at index 0.

    >>> inverses(5).tolist()
    [0, 1, 3, 2, 4]
    """
    return np.array([0, *(pow(b, -1, prime) for b in range(1, prime))])
