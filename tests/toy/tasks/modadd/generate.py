"""All pairs of numbers in random order, cut into a training and a test split."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
from initscale.tasks.modadd.definition import columns, modulus, training_rows

from initscale.files.tables import make_table
from initscale.tasks.random_integers import Stream


def generate(spec: dict) -> dict[str, pa.Table]:
    m, cut = modulus(spec), training_rows(spec)
    order = Stream(spec["seed"], 0).permutation(m * m)
    parts = {"train": order[:cut], "test": order[cut:]}
    return {split: _table(spec, rows // m, rows % m) for split, rows in parts.items()}


def _table(spec: dict, a: np.ndarray, b: np.ndarray) -> pa.Table:
    return make_table(columns(spec), {"token_0": a, "token_1": b, "label": (a + b) % modulus(spec)})
