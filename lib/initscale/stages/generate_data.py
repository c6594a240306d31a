"""Stage generate-data: one Parquet file per split and a JSON file that says what they are."""

from __future__ import annotations

from pathlib import Path

from initscale import __version__
from initscale.download import fetch
from initscale.storage import content_hash, write_json, write_table
from initscale.tasks import load_task


def generate_data(spec: dict, folder: str | Path, mirror: str | None = None) -> dict:
    """Generate a data set.

    Parameters
    ----------
    spec : a ``datasets`` section of the configuration.
    mirror : folder with copies of files that would be downloaded (see ``initscale.download``); None to download.
    folder : gets <split>.parquet for every split and dataset.json (seed, spec, rows, content hash).

    Returns
    -------
    The content of dataset.json.
    """
    downloads = getattr(load_task(spec["task"]), "downloads", None)
    files = [fetch(downloads(spec), mirror)] if downloads else []
    tables = load_task(spec["task"], "generate").generate(spec, *files)
    info = {
        "task": spec["task"],
        "seed": spec["seed"],
        "spec": spec,
        "rows": {split: table.num_rows for split, table in tables.items()},
        "content_hash": content_hash(tables),
        "generator": f"initscale {__version__}",
    }
    for split, table in tables.items():
        metadata = {"task": spec["task"], "split": split, "seed": str(spec["seed"]), "hash": info["content_hash"]}
        write_table(Path(folder) / f"{split}.parquet", table, metadata)
    write_json(Path(folder) / "dataset.json", info)
    return info
