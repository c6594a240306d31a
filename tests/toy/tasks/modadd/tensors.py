"""The generated pairs as tensors."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import torch
from initscale.tasks.modadd.definition import SPLITS, modulus

from initscale.files.storage import content_hash, read_table
from initscale.tasks.interface import ScoredGroup, TaskData


def load(spec: dict, folder: str | Path, sequences: int) -> TaskData:
    tables = {split: read_table(Path(folder) / f"{split}.parquet") for split in SPLITS}
    tokens = {split: _tensor(table, ["token_0", "token_1"]) for split, table in tables.items()}
    labels = {split: _tensor(table, ["label"])[:, 0] for split, table in tables.items()}
    groups = tuple(ScoredGroup(tokens[s][:sequences], {s: labels[s][:sequences]}) for s in SPLITS)
    items = torch.arange(modulus(spec))
    return TaskData(tokens["train"], labels["train"], items, groups, content_hash(tables))


def _tensor(table, names: list[str]) -> torch.Tensor:
    return torch.from_numpy(np.stack([table[name].to_numpy() for name in names], axis=1).astype(np.int64))
