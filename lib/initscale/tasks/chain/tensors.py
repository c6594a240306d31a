"""Read generated chains as tensors, with the groups that a training scores."""

from __future__ import annotations

from pathlib import Path

import torch

from initscale.files.storage import content_hash, read_table
from initscale.tasks.chain.definition import SPLITS, columns
from initscale.tasks.interface import ScoredGroup, TaskData


def load(spec: dict, folder: str | Path, sequences: int) -> TaskData:
    """Read a generated data set.

    Parameters
    ----------
    spec : the dataset section it was generated from.
    folder : folder with train.parquet, test.parquet, ood.parquet.
    sequences : number of sequences in each scored group (fewer where a file has fewer).
    """
    names = [column.name for column in columns(spec)]
    tables = {split: read_table(Path(folder) / f"{split}.parquet", names) for split in SPLITS}
    whole = {split: torch.tensor(table.to_pandas().to_numpy("int64")) for split, table in tables.items()}
    pairs = {split: (rows[:, :-1].contiguous(), rows[:, -1].contiguous()) for split, rows in whole.items()}
    groups = [ScoredGroup(x[:sequences], {split: y[:sequences]}) for split, (x, y) in pairs.items()]
    items = torch.arange(1, spec["tokens"] + 1)
    return TaskData(*pairs["train"], items, tuple(groups), content_hash(tables))
