"""Training sequences with their labels, for probes that take gradients of the loss."""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor

from initscale.errors import InputError
from initscale.files.storage import read_table
from initscale.probes.run import FinishedRun


def training_rows(run: FinishedRun, count: int) -> tuple[Tensor, Tensor]:
    """The first rows of the training split (all, where there are fewer): tokens (B, N) and labels (B,), int64.

    Raises
    ------
    InputError for a task whose loss is not on the last position.
    """
    table = read_table(run.data_folder / "train.parquet")
    if "label" not in table.column_names:
        raise InputError(
            f"the task `{run.facts['dataset']['task']}` has no label of the last position, which this probe looks at",
            where=str(run.data_folder),
            hint="take the probe out of the study's list `probes`",
        )
    rows = table.slice(0, count)
    names = [name for name in rows.column_names if name.startswith("token_")]
    tokens_BN = np.stack([rows[name].to_numpy() for name in names], axis=1).astype(np.int64)
    return torch.from_numpy(tokens_BN), torch.from_numpy(rows["label"].to_numpy().astype(np.int64))
