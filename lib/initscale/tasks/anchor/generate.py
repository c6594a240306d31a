"""Generate the sequences of the anchor-function task, vectorised: 759,375 rows in well under five seconds."""

from __future__ import annotations

import numpy as np
import pyarrow as pa

from initscale.files.tables import make_table
from initscale.tasks.anchor.definition import (
    INFERENTIAL,
    NON_INFERENTIAL,
    Pair,
    columns,
    exceptions,
    key_choices,
    mappings,
    split_sizes,
    taught_shift,
    trained_pairs,
    unseen_pairs,
)
from initscale.tasks.random_integers import Stream

_STREAMS = {"train": 0, "test": 1, "unseen": 2}


def generate(spec: dict) -> dict[str, pa.Table]:
    """Generate the three splits.

    Parameters
    ----------
    spec : a checked dataset section of the configuration.

    Returns
    -------
    ``train`` and ``test``: trained pairs with keys of that split, one row per sequence. ``unseen``: unseen
    pairs, training keys and test keys in the training proportion; every sequence has one row per possible
    label, named by ``mapping``. Columns: see ``initscale.tasks.anchor.columns``. The same spec gives the
    same content on every machine and numpy version.
    """
    train_size, test_size = split_sizes(spec)
    tables = {}
    for split, size in (("train", train_size), ("test", test_size)):
        stream = Stream(spec["seed"], _STREAMS[split])
        tables[split] = _with_taught_labels(spec, _sequences(spec, trained_pairs(spec), size, split == "test", stream))
    stream = Stream(spec["seed"], _STREAMS["unseen"])
    parts = [
        _sequences(spec, unseen_pairs(spec), size, test, stream)
        for size, test in ((train_size, False), (test_size, True))
    ]
    both = {name: np.concatenate([part[name] for part in parts]) for name in parts[0]}
    order = stream.permutation(len(both["key"]))
    tables["unseen"] = _with_possible_labels(spec, {name: column[order] for name, column in both.items()})
    return tables


def _sequences(spec: dict, pairs: list[Pair], per_pair: int, test: bool, stream: Stream) -> dict[str, np.ndarray]:
    """Draw ``per_pair`` sequences of every pair, in random order; columns without labels."""
    n, rows = spec["length"], per_pair * len(pairs)
    low, high = spec["values"]
    pair = np.asarray(pairs, dtype=np.int64).reshape(-1, 2)[stream.permutation(rows) % max(len(pairs), 1)]
    tokens = low + stream.integers(high - low + 1, (rows, n))
    position = stream.integers(n - 2, rows)
    choices = key_choices(spec, test)
    count = np.array([len(keys) for keys in choices])
    padded = np.stack([np.resize(keys, count.max()) for keys in choices])
    key = padded[position, stream.integers(count[position], rows)]
    index = np.arange(rows)
    tokens[index, position] = key
    tokens[index, position + 1], tokens[index, position + 2] = pair[:, 0], pair[:, 1]
    drawn = {f"token_{i}": tokens[:, i] for i in range(n)}
    return drawn | {"key": key, "position": position, "anchor_1": pair[:, 0], "anchor_2": pair[:, 1]}


def _with_taught_labels(spec: dict, drawn: dict[str, np.ndarray]) -> pa.Table:
    anchors = len(spec["anchor_shifts"])
    shift = np.zeros((anchors + 1, anchors + 1), dtype=np.int64)
    is_exception = np.zeros_like(shift, dtype=bool)
    for pair in trained_pairs(spec):
        shift[pair], is_exception[pair] = taught_shift(spec, pair), pair in exceptions(spec)
    pair = drawn["anchor_1"], drawn["anchor_2"]
    mapping = np.where(is_exception[pair], NON_INFERENTIAL, INFERENTIAL)
    return _as_table(spec, {**drawn, "label": drawn["key"] + shift[pair]}, mapping)


def _with_possible_labels(spec: dict, drawn: dict[str, np.ndarray]) -> pa.Table:
    parts, names = [], []
    for pair in unseen_pairs(spec):
        rows = (drawn["anchor_1"] == pair[0]) & (drawn["anchor_2"] == pair[1])
        for mapping, shift in mappings(spec, pair).items():
            parts.append({name: column[rows] for name, column in drawn.items()})
            parts[-1]["label"] = parts[-1]["key"] + shift
            names.append(np.full(rows.sum(), mapping))
    if not parts:
        return _as_table(spec, {**drawn, "label": drawn["key"]}, np.full(0, INFERENTIAL))
    merged = {name: np.concatenate([part[name] for part in parts]) for name in parts[0]}
    return _as_table(spec, merged, np.concatenate(names))


def _as_table(spec: dict, values: dict[str, np.ndarray], mapping: np.ndarray) -> pa.Table:
    narrow = {name: column.astype(np.int16) for name, column in values.items()}
    return make_table(columns(spec), narrow | {"mapping": mapping})
