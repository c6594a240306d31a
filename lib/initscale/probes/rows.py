"""The long form that probes of weights share: one number per row, named by a quantity and up to two indices.

A score has no index, a vector has ``i``, a matrix ``i`` and ``j``. What a quantity is, and what its indices
count, is said in the docstring of the probe that makes it.
"""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
import pandas as pd
import pyarrow as pa

from initscale.files.tables import Column, make_table

NO_INDEX = -1

COLUMNS = (
    Column("quantity", "string", "", "what the number is, as defined by the probe"),
    Column("part", "string", "", "what it is measured on: a threshold or the name of a weight; empty if there is one"),
    Column("i", "int64", "index", "first index of a vector or matrix, -1 for a score"),
    Column("j", "int64", "index", "second index, -1 without"),
    Column("value", "float64", "as the quantity", "the number"),
)


def score(quantity: str, value: float, part: str = "") -> pd.DataFrame:
    """One number."""
    return _rows(quantity, part, [NO_INDEX], NO_INDEX, [value])


def vector(quantity: str, values: Iterable[float], index: Iterable[int] | None = None, part: str = "") -> pd.DataFrame:
    """Numbers under the indices ``index``, by default 1, 2, ..."""
    values = np.asarray(values, dtype=float)
    return _rows(quantity, part, np.arange(1, len(values) + 1) if index is None else index, NO_INDEX, values)


def matrix(quantity: str, values_IJ: np.ndarray, index: Iterable[int] | None = None, part: str = "") -> pd.DataFrame:
    """A matrix with ``i`` = ``index`` (by default 1, 2, ...) and ``j`` = 1, 2, ..."""
    rows, columns = values_IJ.shape
    names = np.arange(1, rows + 1) if index is None else np.asarray(list(index))
    return _rows(quantity, part, names.repeat(columns), np.tile(np.arange(1, columns + 1), rows), values_IJ.ravel())


def as_table(frames: list[pd.DataFrame]) -> pa.Table:
    """All rows as one Arrow table with the columns ``COLUMNS``."""
    rows = pd.concat(frames, ignore_index=True)
    return make_table(COLUMNS, {c.name: rows[c.name].to_numpy() for c in COLUMNS})


def _rows(quantity: str, part: str, i, j, values) -> pd.DataFrame:
    return pd.DataFrame({"quantity": quantity, "part": part, "i": i, "j": j, "value": values})
