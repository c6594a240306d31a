"""Read generated anchor-function data as tensors, with the groups that a training scores."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pyarrow as pa
import torch

from initscale.files.storage import content_hash, read_table
from initscale.tasks.anchor.definition import Pair, answer_name, columns, exceptions, mappings, modulus, unseen_pairs
from initscale.tasks.interface import ScoredGroup, TaskData


def load(spec: dict, folder: str | Path, sequences: int) -> TaskData:
    """Read a generated data set as tensors.

    Parameters
    ----------
    spec : the dataset section it was generated from.
    folder : folder with train.parquet, test.parquet, unseen.parquet.
    sequences : number of sequences in each scored group (fewer where a file has fewer).
    """
    names = [column.name for column in columns(spec)]
    tables = {split: read_table(Path(folder) / f"{split}.parquet", names) for split in ("train", "test", "unseen")}
    groups = []
    for split in ("train", "test"):
        rows = tables[split].slice(0, sequences)
        groups.append(ScoredGroup(_tokens(rows), {split: _labels(rows)}))
    for pair in exceptions(spec):
        rows = _of_pair(tables["test"], pair).slice(0, sequences)
        groups.append(ScoredGroup(_tokens(rows), {f"exception_{pair[0]}_{pair[1]}": _labels(rows)}))
    for pair in unseen_pairs(spec):
        groups.extend(_unseen_groups(spec, pair, _of_pair(tables["unseen"], pair), sequences))
    items = torch.arange(spec["values"][0], spec["values"][1] + 1)
    train = tables["train"]
    return TaskData(_tokens(train), _labels(train), items, tuple(groups), content_hash(tables))


def _unseen_groups(spec: dict, pair: Pair, rows: pa.Table, sequences: int) -> list[ScoredGroup]:
    """Score an unseen pair on the keys of each split, under each of its possible labels."""
    is_test = rows["key"].to_numpy() % modulus(spec) == rows["position"].to_numpy()
    mapping = np.asarray(rows["mapping"].to_pylist(), dtype=object)
    groups = []
    for keys, test_keys in (("train", False), ("test", True)):
        labels = {}
        for name in mappings(spec, pair):
            part = rows.filter(pa.array((is_test == test_keys) & (mapping == name))).slice(0, sequences)
            labels[answer_name(pair, name, keys)] = _labels(part)
        groups.append(ScoredGroup(_tokens(part), labels))
    return groups


def _of_pair(table: pa.Table, pair: Pair) -> pa.Table:
    first, second = table["anchor_1"].to_numpy(), table["anchor_2"].to_numpy()
    return table.filter(pa.array((first == pair[0]) & (second == pair[1])))


def _tokens(table: pa.Table) -> torch.Tensor:
    names = [name for name in table.column_names if name.startswith("token_")]
    return torch.from_numpy(np.stack([table[name].to_numpy() for name in names], axis=1).astype(np.int64))


def _labels(table: pa.Table) -> torch.Tensor:
    return torch.from_numpy(table["label"].to_numpy().astype(np.int64))
