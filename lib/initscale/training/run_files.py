"""The folder of a finished run: weights.safetensors, snapshots.safetensors, history.parquet, run.json."""

from __future__ import annotations

import json
from pathlib import Path

import pyarrow as pa
from safetensors.torch import save
from torch import Tensor

from initscale.files.storage import atomic_path, file_hash, write_json, write_table
from initscale.files.tables import last_row
from initscale.provenance.machine import git_state, machine, versions

FAILED_HISTORY = "history_failed.parquet"
WEIGHTS, SNAPSHOTS, HISTORY, RECORD = "weights.safetensors", "snapshots.safetensors", "history.parquet", "run.json"


def stack_snapshots(snapshots: dict[int, dict[str, Tensor]]) -> dict[str, Tensor]:
    """Weights of several steps under names such as ``step~200/tokens.weight``."""
    return {f"step~{step}/{name}": value for step, weights in snapshots.items() for name, value in weights.items()}


def split_snapshots(tensors: dict[str, Tensor]) -> dict[int, dict[str, Tensor]]:
    """The reverse: step -> weights by name, in the order of the steps."""
    snapshots: dict[int, dict[str, Tensor]] = {}
    for label, value in tensors.items():
        step, _, name = label.partition("/")
        snapshots.setdefault(int(step.removeprefix("step~")), {})[name] = value
    return dict(sorted(snapshots.items()))


def write_run(
    folder: Path,
    weights: dict[str, Tensor],
    snapshots: dict[int, dict[str, Tensor]],
    history: pa.Table,
    details: dict,
) -> None:
    """Write the files of a finished run; run.json comes last and so marks a complete folder.

    Parameters
    ----------
    weights : final weights by name. Their file's metadata say of which facts and step they are.
    snapshots : step -> earlier weights; the file is written even where there are none.
    history : see ``initscale.training.history``.
    details : facts, hashes, cost and end of the run; commit, versions and machine are added here.
    """
    with atomic_path(folder / WEIGHTS) as part:
        part.write_bytes(save(weights, _metadata(details, step=details["steps"])))
    with atomic_path(folder / SNAPSHOTS) as part:
        part.write_bytes(save(stack_snapshots(snapshots), _metadata(details, steps=sorted(snapshots))))
    write_table(folder / HISTORY, history, {"facts_hash": details["facts_hash"]})
    files = {name: file_hash(folder / name) for name in (WEIGHTS, SNAPSHOTS, HISTORY)}
    record = {
        **details,
        "parameters": sum(weight.numel() for weight in weights.values()),
        "weights_sha256": files[WEIGHTS],
        "files": files,
        "final": _without_nan(last_row(history)),
        "git": git_state(),
        "versions": versions(),
        "machine": machine(),
    }
    write_json(folder / RECORD, record)
    (folder / FAILED_HISTORY).unlink(missing_ok=True)


def _metadata(details: dict, **steps) -> dict[str, str]:
    """What a file of weights says of itself. One key: safetensors writes several in random order."""
    return {"run": json.dumps({"facts": details["facts"], **steps}, sort_keys=True)}


def _without_nan(row: dict) -> dict[str, float | None]:
    """Scalars of a row; JSON has no nan, so an accuracy over no sequences becomes null."""
    return {name: value if value == value else None for name, value in row.items() if not isinstance(value, list)}


def write_failed_history(folder: Path, history: pa.Table) -> None:
    """Keep the history of a run that cannot go on."""
    write_table(folder / FAILED_HISTORY, history)
