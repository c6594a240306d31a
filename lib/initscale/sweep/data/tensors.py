"""Read the user's data as tensors; every split is a scored group."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import torch
from torch import Tensor

from initscale.files.storage import content_hash, read_table
from initscale.sweep.data.definition import columns
from initscale.tasks.interface import ScoredGroup, TaskData


def load(spec: dict, folder: str | Path, sequences: int) -> TaskData:
    """Read a data set.

    Parameters
    ----------
    spec : the dataset section it was made from.
    folder : folder with sequences.parquet.
    sequences : number of sequences that are scored of each split, the first ones.
    """
    table = read_table(Path(folder) / "sequences.parquet", [column.name for column in columns(spec)])
    parts = {split: _split(table, split) for split in spec["rows"]}
    groups = [
        ScoredGroup(tokens_Nn[:sequences], {split: labels[:sequences]}) for split, (tokens_Nn, labels) in parts.items()
    ]
    tokens_Nn, labels = parts["train"]
    return TaskData(tokens_Nn, labels, torch.unique(tokens_Nn), tuple(groups), content_hash({"sequences": table}))


def _split(table: pa.Table, split: str) -> tuple[Tensor, Tensor]:
    """Tokens (N, n) and labels (N,) or (N, n), int64."""
    rows = table.filter(pc.equal(table["split"], split))
    labels_NL = _columns(rows, "label")
    return _columns(rows, "token_"), labels_NL.squeeze(1) if "label" in rows.column_names else labels_NL


def _columns(rows: pa.Table, prefix: str) -> Tensor:
    names = [name for name in rows.column_names if name.startswith(prefix)]
    return torch.from_numpy(np.stack([rows[name].to_numpy() for name in names], axis=1).astype(np.int64))
