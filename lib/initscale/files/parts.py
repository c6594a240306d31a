"""A table in several files, one kind of row in each: ``fig3/attention.parquet``, ``fig3/scores.parquet``, ..."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc

from initscale.files.storage import read_table


@dataclass(frozen=True)
class Part:
    """One kind of row of a table.

    Attributes
    ----------
    column : the column that tells the kinds apart.
    values : its values in these rows (None for null); all that no other part has, if there are none.
    without : columns that such a row does not have.
    """

    column: str
    values: tuple[str | None, ...] = ()
    without: tuple[str, ...] = ()


def part_path(table: str | Path, name: str) -> str:
    """File of a part, from the path that the whole table would have."""
    return str(Path(table).with_suffix("") / f"{name}.parquet")


def split(table: pa.Table, parts: Mapping[str, Part]) -> dict[str, pa.Table]:
    """Rows of each part, without the columns that they do not have.

    Raises
    ------
    ValueError if a part has a value in such a column, or a row belongs to no part.
    """
    found = {name: _rows(table, part, parts.values()) for name, part in parts.items()}
    if sum(rows.num_rows for rows in found.values()) != table.num_rows:
        raise ValueError(f"the parts {', '.join(parts)} are not all rows, each once")
    for name, part in parts.items():
        for column in part.without:
            if found[name][column].null_count < found[name].num_rows:
                raise ValueError(f"the part {name} has values of `{column}`, which it should be without")
    return {name: rows.drop_columns(list(parts[name].without)) for name, rows in found.items()}


def _rows(table: pa.Table, part: Part, parts: Iterable[Part]) -> pa.Table:
    others = [value for other in parts for value in other.values]
    chosen = part.values or tuple(v for v in table[part.column].unique().to_pylist() if v not in others)
    mask = pc.is_in(table[part.column], pa.array([v for v in chosen if v is not None], table[part.column].type))
    return table.filter(pc.or_(mask, pc.is_null(table[part.column])) if None in chosen else mask)


def files_of(table: str | Path) -> list[str]:
    """Files of a table that exist: its parts, or itself."""
    parts = sorted(map(str, Path(table).with_suffix("").glob("*.parquet")))
    return parts or [str(path) for path in [Path(table)] if path.exists()]


def read_whole(table: str | Path, columns: Iterable[str] | None = None) -> pa.Table:
    """All rows of a table, from its parts if it has some; a column that a part does not have is null there.

    Parameters
    ----------
    table : the path that the whole table would have.
    columns : columns to read, in this order; None reads all.

    Raises
    ------
    InputError as ``read_table``; for parts, if none has a column.
    """
    files = files_of(table)
    if len(files) < 2:
        return read_table(files[0] if files else table, columns)
    parts = [read_table(path) for path in files]
    whole = pa.concat_tables(parts, promote_options="default").replace_schema_metadata(parts[0].schema.metadata)
    if columns is None:
        return whole
    missing = [name for name in columns if name not in whole.column_names]
    return read_table(files[0], missing) if missing else whole.select(list(columns))
