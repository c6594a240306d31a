"""The paper's values (config/paper_values.csv), each with where it stands and how it was read."""

from __future__ import annotations

import csv
from dataclasses import dataclass
from pathlib import Path

from initscale.errors import InputError
from initscale.repository import CONFIG_FOLDER

VALUES_FILE = CONFIG_FOLDER / "paper_values.csv"
VALUE_COLUMNS = ("id", "figure", "quantity", "setting", "value", "unit", "source", "how_read")
SOURCES = ("paper", "figure", "logs", "journal", "code")


@dataclass(frozen=True)
class PaperValue:
    """One published number: what it is, where it stands and how it was read."""

    id: str
    figure: str
    quantity: str
    setting: str
    value: float
    unit: str
    source: str
    how_read: str


def read_values(path: Path = VALUES_FILE) -> dict[str, PaperValue]:
    """The paper's values by id."""
    try:
        with open(path, encoding="utf-8", newline="") as stream:
            reader = csv.DictReader(stream)
            if tuple(reader.fieldnames or ()) != VALUE_COLUMNS:
                raise InputError(f"must have exactly the columns {', '.join(VALUE_COLUMNS)}", where=str(path))
            rows = list(reader)
    except OSError as error:
        raise InputError(f"cannot be read ({error.strerror})", where=str(path)) from error
    found: dict[str, PaperValue] = {}
    for number, row in enumerate(rows, start=2):
        where = f"{path}, line {number}"
        if None in row or None in row.values() or not row["how_read"]:
            raise InputError("needs a value in every column, `how_read` included", where=where)
        if row["id"] in found:
            raise InputError(f"the id `{row['id']}` is given twice", where=where)
        if row["source"] not in SOURCES:
            raise InputError(f"`{row['source']}` is not a source (known: {', '.join(SOURCES)})", where=where)
        try:
            found[row["id"]] = PaperValue(**row | {"value": float(row["value"])})
        except ValueError as error:
            raise InputError(f"`{row['value']}` is not a number", where=where) from error
    return found
