"""Read pairs of numbers and their sums as tensors, with the groups that a training scores."""

from __future__ import annotations

from pathlib import Path

import pyarrow as pa
import torch

from initscale.files.storage import content_hash, read_table
from initscale.tasks.addition.definition import SPLITS, columns, texts, vocabulary
from initscale.tasks.interface import EXACT, SequenceData, SequenceGroup, Sequences
from initscale.tasks.word_sequences import EOS, Vocabulary, pack_texts


def load(spec: dict, folder: str | Path, sequences: int, size: int | None = None) -> SequenceData:
    """Read the data set as tensors.

    Parameters
    ----------
    spec : the dataset section it was generated from.
    folder : folder with its files.
    sequences : number of sequences in each scored group (fewer where there are fewer).
    size : training pairs, the first of the file, which is in random order.

    Groups: ``block`` (held-out block), ``test`` (pairs outside it) and ``train``.
    """
    names = [column.name for column in columns(spec)]
    tables = {split: read_table(Path(folder) / f"{split}.parquet", names) for split in SPLITS}
    words = Vocabulary(vocabulary(spec))
    groups = [
        SequenceGroup(name, EXACT, _pack(spec, words, tables[name].slice(0, sequences)))
        for name in ("block", "test", "train")
    ]
    train = _pack(spec, words, tables["train"].slice(0, size))
    return SequenceData(train, EOS, torch.arange(len(words)), tuple(groups), content_hash(tables))


def _pack(spec: dict, words: Vocabulary, rows: pa.Table) -> Sequences:
    both = [texts(spec, *row.values()) for row in rows.to_pylist()]
    return pack_texts(words, (prompt for prompt, _ in both), (target for _, target in both))
