"""The schema of every table: column, type, unit and meaning, written into the Parquet files themselves."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pyarrow as pa


@dataclass(frozen=True)
class Column:
    """One column of a table."""

    name: str
    dtype: str
    unit: str
    meaning: str


def make_table(columns: Sequence[Column], values: Mapping[str, Sequence]) -> pa.Table:
    """Build an Arrow table that has exactly ``columns``, with unit and meaning in each field's metadata.

    Raises
    ------
    ValueError if ``values`` lacks a column or has one that the schema does not know.
    """
    names = [column.name for column in columns]
    if set(names) != set(values):
        raise ValueError(f"columns differ from the schema: {sorted(set(names) ^ set(values))}")
    fields = [
        pa.field(c.name, pa.type_for_alias(c.dtype), metadata={"unit": c.unit, "meaning": c.meaning}) for c in columns
    ]
    arrays = [pa.array(_plain(values[field.name]), type=field.type) for field in fields]
    return pa.table(arrays, schema=pa.schema(fields))


def last_row(table: pa.Table) -> dict:
    """The last row, column -> value: the end of a run's history."""
    (row,) = table.slice(table.num_rows - 1).to_pylist()
    return row


def _plain(values: Sequence) -> Sequence:
    return values.astype(object) if isinstance(values, np.ndarray) and values.dtype.kind == "U" else values
