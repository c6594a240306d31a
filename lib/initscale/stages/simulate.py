"""Stage simulate: the table of one small system."""

from __future__ import annotations

import json
from pathlib import Path

from threadpoolctl import threadpool_limits

from initscale.files.storage import write_table
from initscale.records.code import system_roots
from initscale.records.lineage import write_record
from initscale.systems import load_system


def simulate(name: str, options: dict, path: str | Path) -> None:
    """Simulate a system and write its table, and beside it the record of what it was made of.

    Parameters
    ----------
    name : a module or folder of ``initscale.systems``.
    options : a section ``systems`` of the configuration; the table depends on nothing else.
    path : the Parquet file; its record is the JSON file of that name beside it.
    """
    with threadpool_limits(1):
        table = load_system(name).simulate(options)
    write_table(path, table, {"system": name, "options": json.dumps(options, sort_keys=True)})
    record, folder = Path(path).with_suffix(".json"), str(Path(path).parent)
    write_record(str(record), folder, options, system_roots(name), [], [str(path)], system=name, options=options)
