"""Read COGS data as tensors, with the groups that a training scores."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import torch

from initscale.files.storage import content_hash, read_table
from initscale.tasks.cogs.definition import IN_DISTRIBUTION, SPLITS, TYPES, columns, special_rows, training_rows
from initscale.tasks.interface import EXACT, TEACHER_FORCED, SequenceData, SequenceGroup, Sequences
from initscale.tasks.word_sequences import EOS, Vocabulary, nested_order, pack_texts, padding_scored


def load(spec: dict, folder: str | Path, sequences: int, size: int | None = None) -> SequenceData:
    """Read the data set as tensors.

    Parameters
    ----------
    spec : the dataset section it was made from.
    folder : folder with its files.
    sequences : number of sequences in each scored group (fewer where there are fewer). The types of generalization
        share it evenly, so together they are a draw with equal probability from the 21 types.
    size : training rows; all special ones are among them.

    Groups: ``test`` (in distribution), ``test_teacher_forced`` (the same without stopping, the authors' metric), every
    type of generalization by its name, and ``train``.
    """
    names = [column.name for column in columns(spec)]
    tables = {split: read_table(Path(folder) / f"{split}.parquet", names) for split in SPLITS}
    rows = {split: table.to_pandas() for split, table in tables.items()}
    words = Vocabulary(joint_words(rows["train"]))
    taken = subset(spec, rows["train"], size or training_rows(spec))
    parts = {"test": rows["test"].iloc[:sequences], "train": taken.iloc[:sequences]}
    parts |= scored_types(rows["gen"], sequences)
    groups = [SequenceGroup(name, EXACT, _pack(words, part)) for name, part in parts.items()]
    groups.append(SequenceGroup("test_teacher_forced", TEACHER_FORCED, groups[0].sequences))
    train = _pack(words, taken)
    train = padding_scored(train) if spec.get("score_padding") else train
    return SequenceData(train, EOS, torch.arange(len(words)), tuple(groups), content_hash(tables))


def scored_types(gen: pd.DataFrame, sequences: int) -> dict[str, pd.DataFrame]:
    """Rows of each type of generalization that are scored: the first of each, equally many."""
    each = -(-sequences // len(TYPES))
    return {name: gen[gen["type"] == name].iloc[:each] for name in TYPES}


def joint_words(train: pd.DataFrame) -> list[str]:
    """Words of sentences and logical forms together, sorted."""
    texts = [*train["sentence"], *train["logical_form"]]
    return sorted({word for text in texts for word in text.split()})


def subset(spec: dict, train: pd.DataFrame, size: int) -> pd.DataFrame:
    """The special rows and as many others as ``size`` leaves, at random; smaller subsets lie in larger ones."""
    is_special = (train["type"] != IN_DISTRIBUTION).to_numpy()
    others = np.flatnonzero(~is_special)
    others = others[nested_order(len(others), spec["seed"])][: size - special_rows(spec)]
    return train.iloc[np.sort(np.concatenate([np.flatnonzero(is_special), others]))]


def _pack(words: Vocabulary, rows: pd.DataFrame) -> Sequences:
    return pack_texts(words, rows["sentence"], rows["logical_form"])
