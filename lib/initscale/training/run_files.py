"""The folder of a finished run: weights.safetensors, snapshots.safetensors, history.parquet, run.json."""

from __future__ import annotations

from pathlib import Path

import pyarrow as pa
from safetensors.torch import save
from torch import Tensor

from initscale.provenance import git_state, machine, versions
from initscale.storage import atomic_path, file_hash, write_json, write_table
from initscale.tables import last_row

FAILED_HISTORY = "history_failed.parquet"


def snapshot_name(step: int, name: str) -> str:
    """Name of a weight in snapshots.safetensors, such as ``step~200/tokens.weight``."""
    return f"step~{step}/{name}"


def write_run(
    folder: Path, weights: dict[str, Tensor], snapshots: dict[str, Tensor], history: pa.Table, details: dict
) -> None:
    """Write the files of a finished run; run.json comes last and so marks a complete folder.

    Parameters
    ----------
    weights : final weights by name.
    snapshots : earlier weights by ``snapshot_name``; the file is written even where there are none.
    history : see ``initscale.training.history``.
    details : facts, hashes, cost and end of the run; commit, versions and machine are added here.
    """
    with atomic_path(folder / "weights.safetensors") as part:
        part.write_bytes(save(weights))
    with atomic_path(folder / "snapshots.safetensors") as part:
        part.write_bytes(save(snapshots))
    write_table(folder / "history.parquet", history, {"facts_hash": details["facts_hash"]})
    record = {
        **details,
        "parameters": sum(weight.numel() for weight in weights.values()),
        "weights_sha256": file_hash(folder / "weights.safetensors"),
        "final": _without_nan(last_row(history)),
        "git": git_state(),
        "versions": versions(),
        "machine": machine(),
    }
    write_json(folder / "run.json", record)
    (folder / FAILED_HISTORY).unlink(missing_ok=True)


def _without_nan(row: dict) -> dict[str, float | None]:
    """Scalars of a row; JSON has no nan, so an accuracy over no sequences becomes null."""
    return {name: value if value == value else None for name, value in row.items() if not isinstance(value, list)}


def write_failed_history(folder: Path, history: pa.Table) -> None:
    """Keep the history of a run that cannot go on."""
    write_table(folder / FAILED_HISTORY, history)
