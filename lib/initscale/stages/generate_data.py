"""Stage generate-data: one Parquet file per split and a JSON file that says what they are."""

from __future__ import annotations

import shutil
from pathlib import Path

import pyarrow as pa

from initscale.files.storage import content_hash, file_hash, write_json, write_table
from initscale.provenance.machine import git_state
from initscale.records.code import code_definitions, code_hash, data_roots
from initscale.tasks import generator_of, load_task
from initscale.tasks.download import fetch

PARTS = "parts"
"""Folder in which a generator that reads from outside keeps what it has; removed when all is written."""


def generate_data(spec: dict, folder: str | Path, mirror: str | None = None) -> dict:
    """Generate a data set.

    Parameters
    ----------
    spec : a ``datasets`` section of the configuration.
    folder : gets <split>.parquet for every split and dataset.json (seed, spec, rows, content hash, sources).
    mirror : folder with copies of files that would be downloaded (``initscale.download``), or with the shards of a data
        set that has ``stream`` in its spec; None for the network.

    Returns
    -------
    The content of dataset.json.
    """
    task, generator = load_task(spec["task"]), load_task(spec["task"], generator_of(spec))
    if spec.get("stream"):
        tables = generator.collect(spec, Path(folder), mirror)
    else:
        files = [fetch(task.downloads(spec), mirror)] if hasattr(task, "downloads") else []
        tables = generator.generate(spec, *files)
    info = {
        "task": spec["task"],
        "seed": spec["seed"],
        "spec": spec,
        "rows": {split: table.num_rows for split, table in tables.items()},
        "content_hash": content_hash(tables),
        "sources": {split: _sources(table) for split, table in tables.items()},
    }
    roots = data_roots(spec["task"], spec)
    info |= {"code": code_hash(roots), "definitions": code_definitions(roots), "git": git_state(), "files": {}}
    for split, table in tables.items():
        metadata = {"task": spec["task"], "split": split, "seed": str(spec["seed"]), "hash": info["content_hash"]}
        path = Path(folder) / f"{split}.parquet"
        write_table(path, table, metadata)
        info["files"][path.name] = file_hash(path)
    write_json(Path(folder) / "dataset.json", info)
    shutil.rmtree(Path(folder) / PARTS, ignore_errors=True)
    return info


def _sources(table: pa.Table) -> dict[str, str]:
    """What a table that is not made from its spec alone depends on: the table's own metadata."""
    return {key.decode(): value.decode() for key, value in (table.schema.metadata or {}).items()}
