"""Draw the anchor-function sequences in the order of the authors' public runs.

Two generators are drawn from: numpy's legacy one, whose stream numpy guarantees for ever, and Python's ``random``. For
every row they alternate, a position from the first and a key from the second. As neither sees the other's draws, the
two streams are read apart.
"""

from __future__ import annotations

import random

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
)
from initscale.tasks.anchor_published.definition import (
    TEST_KEYS,
    TRAIN_KEYS,
    drawn_groups,
    trained_in_order,
    unseen_in_order,
)

Drawn = dict[str, np.ndarray]


def generate(spec: dict) -> dict[str, pa.Table]:
    """Draw the data of a published run.

    Parameters
    ----------
    spec : a checked dataset section of the configuration; ``seed`` is the published seed.

    Returns
    -------
    ``train`` and ``test``: the trained pairs with keys of that split, pair after pair in the published order.
    ``unseen``: pair after pair, first test keys, then train keys, the same sequences once for each possible label.
    Columns: see ``initscale.tasks.anchor.columns``.
    """
    groups = _draw(spec)
    tables = {}
    for split in (TRAIN_KEYS, TEST_KEYS):
        tables[split] = pa.concat_tables(_taught(spec, pair, groups[pair, split]) for pair in trained_in_order(spec))
    unseen = [
        _table(spec, pair, groups[pair, keys], shift, mapping)
        for pair in unseen_in_order(spec)
        for keys in (TEST_KEYS, TRAIN_KEYS)
        for mapping, shift in mappings(spec, pair).items()
    ]
    tables["unseen"] = pa.concat_tables(unseen or [tables[TRAIN_KEYS].slice(0, 0)])
    return tables


def _draw(spec: dict) -> dict[tuple[Pair, str], Drawn]:
    """All groups of sequences, without labels."""
    positions, keys_drawn = np.random.RandomState(spec["seed"]), random.Random(spec["seed"])
    train_size, test_size = split_sizes(spec)
    sizes = {TRAIN_KEYS: train_size, TEST_KEYS: test_size}
    return {
        (pair, keys): _group(spec, pair, sizes[keys], key_choices(spec, keys == TEST_KEYS), positions, keys_drawn)
        for pair, keys in drawn_groups()
    }


def _group(
    spec: dict,
    pair: Pair,
    rows: int,
    choices: list[np.ndarray],
    noise: np.random.RandomState,
    keys: random.Random,
) -> Drawn:
    """Sequences of one pair: noise and key positions from numpy's generator, keys from Python's."""
    n, (low, high) = spec["length"], spec["values"]
    tokens = noise.randint(low, high + 1, size=(rows, n + 1), dtype=np.int64)  # the label's column is drawn, too
    position = noise.randint(0, n - 2, size=rows, dtype=np.int64)
    allowed = [choice.tolist() for choice in choices]
    key = np.array([keys.choice(allowed[p]) for p in position.tolist()])
    index = np.arange(rows)
    tokens[index, position] = key
    tokens[index, position + 1], tokens[index, position + 2] = pair
    drawn = {f"token_{i}": tokens[:, i] for i in range(n)} | {"key": key, "position": position}
    return {name: column.astype(np.int16) for name, column in drawn.items()}


def _taught(spec: dict, pair: Pair, drawn: Drawn) -> pa.Table:
    mapping = NON_INFERENTIAL if pair in exceptions(spec) else INFERENTIAL
    return _table(spec, pair, drawn, taught_shift(spec, pair), mapping)


def _table(spec: dict, pair: Pair, drawn: Drawn, shift: int, mapping: str) -> pa.Table:
    rows = len(drawn["key"])
    anchors = {f"anchor_{i}": np.full(rows, anchor, dtype=np.int16) for i, anchor in enumerate(pair, start=1)}
    label = (drawn["key"] + shift).astype(np.int16)
    return make_table(columns(spec), {**drawn, **anchors, "label": label, "mapping": np.full(rows, mapping)})
