"""Read the published data as tensors, with every group that the authors' logs score."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pyarrow as pa
import torch
from torch import Tensor

from initscale.files.storage import content_hash, read_table
from initscale.tasks.anchor.definition import Pair, answer_name, columns, exceptions, mappings, split_sizes
from initscale.tasks.anchor_published.definition import (
    SPLITS,
    TEST_KEYS,
    TRAIN_KEYS,
    drawn_groups,
    group_name,
    trained_in_order,
    unseen_in_order,
)
from initscale.tasks.interface import ScoredGroup, TaskData


def load(spec: dict, folder: str | Path, sequences: int) -> TaskData:
    """Read a generated data set as tensors.

    The training rows keep the published order. Scored are first, as for the task ``anchor``, the training split and
    the test split (rows spread evenly over the pairs), then all groups of the published logs in their order: 16 pairs
    with test keys, 16 with train keys; an unseen pair under each of its possible labels.

    Parameters
    ----------
    spec : the dataset section it was generated from.
    folder : folder with train.parquet, test.parquet, unseen.parquet.
    sequences : number of sequences in each scored group (fewer where a group has fewer); 50,625 for the groups of the
        published logs.
    """
    names = [column.name for column in columns(spec)]
    tables = {split: read_table(Path(folder) / f"{split}.parquet", names) for split in SPLITS}
    tokens = {split: _tokens(spec, table) for split, table in tables.items()}
    labels = {split: _integers(table["label"]) for split, table in tables.items()}
    groups = []
    for split in (TRAIN_KEYS, TEST_KEYS):
        spread = _spread(len(tokens[split]), sequences)
        groups.append(ScoredGroup(tokens[split][spread], {split: labels[split][spread]}))
    groups += [_logged_group(spec, pair, keys, tokens, labels, sequences) for pair, keys in drawn_groups()]
    items = torch.arange(spec["values"][0], spec["values"][1] + 1)
    return TaskData(tokens["train"], labels["train"], items, tuple(groups), content_hash(tables))


def _logged_group(
    spec: dict, pair: Pair, keys: str, tokens: dict[str, Tensor], labels: dict[str, Tensor], sequences: int
) -> ScoredGroup:
    """One group of the published logs: its first sequences, with the labels it is scored under."""
    size = dict(zip((TRAIN_KEYS, TEST_KEYS), split_sizes(spec), strict=True))[keys]
    if pair in unseen_in_order(spec):
        start, answers = _unseen_start(spec, pair, keys), list(mappings(spec, pair))
        starts = {answer_name(pair, mapping, keys): start + i * size for i, mapping in enumerate(answers)}
        split = "unseen"
    else:
        start, split = trained_in_order(spec).index(pair) * size, keys
        starts = dict.fromkeys([group_name(pair, keys)], start)
        if keys == TEST_KEYS and pair in exceptions(spec):  # the name it has in the task `anchor`
            starts[f"exception_{pair[0]}_{pair[1]}"] = start
    rows = min(size, sequences)
    label_sets = {name: labels[split][first : first + rows] for name, first in starts.items()}
    return ScoredGroup(tokens[split][start : start + rows], label_sets)


def _unseen_start(spec: dict, pair: Pair, keys: str) -> int:
    """First row of a group in unseen.parquet, where every sequence is repeated for each possible label."""
    train_size, test_size = split_sizes(spec)
    unseen = unseen_in_order(spec)
    before = sum(len(mappings(spec, other)) * (train_size + test_size) for other in unseen[: unseen.index(pair)])
    return before + (len(mappings(spec, pair)) * test_size if keys == TRAIN_KEYS else 0)


def _spread(rows: int, sequences: int) -> Tensor:
    """Indices of at most ``sequences`` rows at even distances."""
    taken = min(rows, sequences)
    return torch.arange(taken) * rows // max(taken, 1)


def _tokens(spec: dict, table: pa.Table) -> Tensor:
    columns_ = [table[f"token_{i}"].to_numpy() for i in range(spec["length"])]
    return torch.from_numpy(np.stack(columns_, axis=1).astype(np.int64))


def _integers(column: pa.ChunkedArray) -> Tensor:
    return torch.from_numpy(column.to_numpy().astype(np.int64))
