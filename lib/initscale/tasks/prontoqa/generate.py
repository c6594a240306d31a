"""Generate PrOntoQA items; 20,000 in a few seconds."""

from __future__ import annotations

import hashlib

import pyarrow as pa

from initscale.files.tables import make_table
from initscale.tasks.prontoqa.definition import columns
from initscale.tasks.prontoqa.inference import context_key
from initscale.tasks.prontoqa.problem import Draws, draw_problem
from initscale.tasks.prontoqa.sentences import worded

_STREAMS = {"train": 0, "test": 1}


def generate(spec: dict) -> dict[str, pa.Table]:
    """Generate both splits.

    Parameters
    ----------
    spec : a checked dataset section of the configuration.

    Returns
    -------
    ``train`` and ``test``; columns: see ``initscale.tasks.prontoqa.columns``. No context of the test split occurs in
    training, not in other words, in another order or with another entity either: such items are drawn again. Every
    ``2 * len(hops)`` rows in a row have each number of hops with each answer once, so that a smaller training set, the
    first rows of a larger one, is balanced too. The same spec gives the same content on every machine.
    """
    test = _items(spec, "test", spec["test_sequences"], frozenset())
    held_out = frozenset(_key(item) for item in test)
    train = _items(spec, "train", spec["sequences"], held_out)
    return {split: _as_table(spec, items) for split, items in (("train", train), ("test", test))}


def _items(spec: dict, split: str, rows: int, excluded: frozenset[str]) -> list[dict]:
    draws, kinds, items = Draws(spec["seed"], _STREAMS[split]), [], []
    while len(items) < rows:
        kinds = kinds or [(hops, answer) for hops in spec["hops"] for answer in (False, True)]
        hops, answer = draws.take(kinds)
        item = _draw(spec, draws, hops, answer)
        while excluded and _key(item) in excluded:
            item = _draw(spec, draws, hops, answer)
        items.append(item)
    return items


def _draw(spec: dict, draws: Draws, hops: int, answer: bool) -> dict:
    text = worded(draws, draw_problem(draws, hops), spec["order"], answer)
    return {"hops": hops, "order": spec["order"], **text}


def _key(item: dict) -> str:
    return hashlib.sha256(context_key(item["question"]).encode()).hexdigest()


def _as_table(spec: dict, items: list[dict]) -> pa.Table:
    return make_table(columns(spec), {c.name: [item[c.name] for item in items] for c in columns(spec)})
