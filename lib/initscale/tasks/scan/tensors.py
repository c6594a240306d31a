"""Read generated SCAN data as tensors, with the groups that a training scores."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import torch

from initscale.files.storage import content_hash, read_table
from initscale.tasks.interface import EXACT, TEACHER_FORCED, SequenceData, SequenceGroup
from initscale.tasks.scan.definition import PRIMITIVE, SPLITS, columns, copies, training_rows, vocabulary
from initscale.tasks.word_sequences import EOS, Vocabulary, pack_texts, padding_scored


def load(spec: dict, folder: str | Path, sequences: int, size: int | None = None) -> SequenceData:
    """Read the data set as tensors.

    Parameters
    ----------
    spec : the dataset section it was generated from.
    folder : folder with its files.
    sequences : number of sequences in each scored group (fewer where there are fewer).
    size : training rows; one tenth of them is the primitive, as in the full set.

    Groups: ``test`` (commands with `turn left`), ``test_teacher_forced`` (the same without stopping, the authors'
    metric), ``held_out`` (training commands beyond the subset) and ``train``.
    """
    names = [column.name for column in columns(spec)]
    tables = {split: read_table(Path(folder) / f"{split}.parquet", names) for split in SPLITS}
    words = Vocabulary(vocabulary(spec))
    taken, left = subset(tables["train"].to_pandas(), size or training_rows(spec))
    parts = {"test": tables["test"].to_pandas(), "held_out": left, "train": taken[taken["command"] != PRIMITIVE]}
    scored = {name: _pack(words, rows.iloc[:sequences]) for name, rows in parts.items()}
    groups = [SequenceGroup(name, EXACT, rows) for name, rows in scored.items()]
    groups.append(SequenceGroup("test_teacher_forced", TEACHER_FORCED, scored["test"]))
    train = _pack(words, taken)
    train = padding_scored(train) if spec.get("score_padding") else train
    return SequenceData(train, EOS, torch.arange(len(words)), tuple(groups), content_hash(tables))


def subset(train: pd.DataFrame, size: int) -> tuple[pd.DataFrame, pd.DataFrame]:
    """The training rows of a subset, and the commands that are not in it.

    The first rows of the file, which is in random order: commands and copies of the primitive each in order, so that a
    smaller subset lies in a larger one.
    """
    is_copy = train["command"] == PRIMITIVE
    commands, own = train[~is_copy], copies(size)
    taken = [commands.iloc[: size - own], train[is_copy].iloc[:own]]
    return pd.concat(taken), commands.iloc[size - own :]


def _pack(words: Vocabulary, rows: pd.DataFrame):
    return pack_texts(words, rows["command"], rows["actions"])
