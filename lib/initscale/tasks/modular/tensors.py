"""Read equations as tensors, with the groups that a training scores."""

from __future__ import annotations

from pathlib import Path

import torch

from initscale.files.storage import content_hash, read_table
from initscale.tasks.interface import ScoredGroup, TaskData
from initscale.tasks.modular.definition import SPLITS, columns


def load(spec: dict, folder: str | Path, sequences: int) -> TaskData:
    """Read a generated data set; the parameters are those of every task (``initscale.tasks.interface``)."""
    names = [column.name for column in columns(spec)]
    tables = {split: read_table(Path(folder) / f"{split}.parquet", names) for split in SPLITS}
    whole = {split: _tensors(spec, table) for split, table in tables.items()}
    groups = [ScoredGroup(x[:sequences], {split: y[:sequences]}) for split, (x, y) in whole.items()]
    return TaskData(*whole["train"], torch.arange(spec["prime"]), tuple(groups), content_hash(tables))


def _tensors(spec: dict, table) -> tuple[torch.Tensor, torch.Tensor]:
    """Tokens (N, 4) and labels (N,), int64."""
    a, b, c = (torch.from_numpy(table[name].to_numpy().astype("int64")) for name in ("a", "b", "c"))
    p = spec["prime"]
    return torch.stack([a, torch.full_like(a, p), b, torch.full_like(a, p + 1)], dim=1), c
