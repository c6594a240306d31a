"""What a task hands to the training: tensors, and groups of sequences to be scored.

A task ``NAME`` consists of three modules in this package:

``NAME``
    ``check_spec(spec, describe)`` refuses an impossible data set with ``ConfigError``;
    ``sequence_length(spec)``, ``vocabulary_size(spec)`` and ``training_rows(spec)`` are facts that models and
    recipes must fit, known before any data exist; ``columns(spec)`` are the columns of the data files.
``NAME_generate``
    ``generate(spec)`` makes the splits as Arrow tables, deterministic in ``spec``.
``NAME_tensors``
    ``load(spec, folder, sequences)`` reads what ``generate`` made and returns :class:`TaskData`.
"""

from __future__ import annotations

from dataclasses import dataclass

from torch import Tensor


@dataclass(frozen=True)
class ScoredGroup:
    """Sequences that are scored together, under one or more sets of labels.

    Attributes
    ----------
    tokens_Nn : int64, N sequences of n tokens.
    labels : history column (without the prefix ``acc_``) -> int64 labels of shape (N,).
    """

    tokens_Nn: Tensor
    labels: dict[str, Tensor]


@dataclass(frozen=True)
class TaskData:
    """Training data of a task whose loss is on the last position.

    Attributes
    ----------
    tokens_Nn : int64 training sequences, shape (N, n).
    labels_N : int64 labels, shape (N,).
    items : int64 token ids of keys and noise, whose embeddings the history follows.
    groups : what the history scores.
    content_hash : SHA-256 of the data set, kept in every run's run.json.
    """

    tokens_Nn: Tensor
    labels_N: Tensor
    items: Tensor
    groups: tuple[ScoredGroup, ...]
    content_hash: str
