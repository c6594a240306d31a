"""Two-anchor composite functions (paper, Section 3 and Appendix A).

A sequence has n tokens: noise, one key item x at position p in 0..n-3, the anchors a1, a2 right behind it,
noise again. Keys and noise are integers of a range (20..99), anchors are the tokens 1, 2, ... with
g(x; a) = x + shift_a. The label of the *inferential* mapping is f(x; a1, a2) = g(g(x; a1); a2). A pair listed
under ``exceptions`` is taught with another shift (*non-inferential*), a pair under ``unseen`` is not taught.
An unseen pair (a, b) has a second possible label, the one taught for its mirror (b, a): the *symmetric* one.

Labels may fall below the value range: (4, 4) with x = 20 gives 4, which is also an anchor token. That is
the paper's own definition and is kept.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from initscale.errors import ConfigError
from initscale.files.tables import Column

Pair = tuple[int, int]
TRAINER = "last_token_trainer"
SPLITS = ("train", "test", "unseen")
INFERENTIAL, NON_INFERENTIAL, SYMMETRIC = "inferential", "non_inferential", "symmetric"


def sequence_length(spec: dict) -> int:
    """Tokens per sequence, n."""
    return spec["length"]


def vocabulary_size(spec: dict) -> int:
    """Smallest vocabulary that holds every token and every label."""
    shifts = [shift for _, shift in _all_shifts(spec)]
    return spec["values"][1] + max(0, *shifts) + 1


def all_pairs(spec: dict) -> list[Pair]:
    """The ordered anchor pairs, (1, 1), (1, 2), ...; 16 in the paper."""
    anchors = range(1, len(spec["anchor_shifts"]) + 1)
    return [(a, b) for a in anchors for b in anchors]


def unseen_pairs(spec: dict) -> list[Pair]:
    """Pairs that never occur in training."""
    return [tuple(pair) for pair in spec["unseen"]]


def trained_pairs(spec: dict) -> list[Pair]:
    """Pairs that occur in training, 15 in the paper."""
    return [pair for pair in all_pairs(spec) if pair not in unseen_pairs(spec)]


def exceptions(spec: dict) -> dict[Pair, int]:
    """Pairs with a non-inferential label, with their shift."""
    return {tuple(item["pair"]): item["shift"] for item in spec["exceptions"]}


def inferential_shift(spec: dict, pair: Pair) -> int:
    """g(g(x; a1); a2) - x."""
    return sum(spec["anchor_shifts"][anchor - 1] for anchor in pair)


def taught_shift(spec: dict, pair: Pair) -> int:
    """Label minus key of a trained pair."""
    return exceptions(spec).get(pair, inferential_shift(spec, pair))


def mappings(spec: dict, pair: Pair) -> dict[str, int]:
    """Possible answers to an unseen pair: mapping -> label minus key."""
    answers = {INFERENTIAL: inferential_shift(spec, pair)}
    mirror = pair[::-1]
    if mirror in trained_pairs(spec):
        answers[SYMMETRIC] = taught_shift(spec, mirror)
    return answers


def answer_name(pair: Pair, mapping: str, keys: str) -> str:
    """Name of the accuracy on an unseen pair under one mapping, on keys of the ``train`` or ``test`` split."""
    return f"{pair[0]}_{pair[1]}_{mapping}_{keys}_keys"


def modulus(spec: dict) -> int:
    """m of the split rule: a key x at position p is a test key iff x mod m == p."""
    named = {"n-2": spec["length"] - 2, "n": spec["length"]}
    return named.get(spec["split_modulus"], spec["split_modulus"])


def key_choices(spec: dict, test: bool) -> list[np.ndarray]:
    """For each key position 0..n-3, the key values of the test (or training) split."""
    values = np.arange(spec["values"][0], spec["values"][1] + 1)
    m = modulus(spec)
    return [values[(values % m == p) == test] for p in range(spec["length"] - 2)]


def split_sizes(spec: dict) -> tuple[int, int]:
    """Training and test sequences per anchor pair; (50,625, 5,625) in the paper."""
    test = round(spec["sequences_per_pair"] * spec["test_fraction"])
    return spec["sequences_per_pair"] - test, test


def training_rows(spec: dict) -> int:
    """Rows of the training split; 759,375 in the paper."""
    return split_sizes(spec)[0] * len(trained_pairs(spec))


def _all_shifts(spec: dict) -> list[tuple[Pair, int]]:
    shifts = [(pair, taught_shift(spec, pair)) for pair in trained_pairs(spec)]
    return shifts + [(pair, shift) for pair in unseen_pairs(spec) for shift in mappings(spec, pair).values()]


def check_spec(spec: dict, describe: Callable[..., str]) -> None:
    """Raise ``ConfigError`` unless the specification describes a data set that can be generated."""
    (low, high), n_anchors = spec["values"], len(spec["anchor_shifts"])
    if not n_anchors < low <= high:
        raise ConfigError(
            f"values [{low}, {high}] must be an increasing range above the anchor tokens 1..{n_anchors}",
            where=describe("values"),
        )
    for key, pairs in (("unseen", unseen_pairs(spec)), ("exceptions", list(exceptions(spec)))):
        for pair in pairs:
            if pair not in all_pairs(spec):
                raise ConfigError(f"{list(pair)} is not a pair of the anchors 1..{n_anchors}", where=describe(key))
    both = set(unseen_pairs(spec)) & set(exceptions(spec))
    if both:
        raise ConfigError(
            f"the pair {list(min(both))} is both an exception and unseen",
            where=describe("exceptions"),
            hint="an unseen pair is taught nothing; take it out of one of the lists",
        )
    if not trained_pairs(spec):
        raise ConfigError("no pair is left for training", where=describe("unseen"))
    pair, shift = min(_all_shifts(spec), key=lambda item: item[1])
    if low + shift < 0:
        raise ConfigError(
            f"key {low} with the pair {list(pair)} has the label {low + shift} < 0", where=describe("values")
        )
    if min(split_sizes(spec)) < 1:
        raise ConfigError("leaves a split empty", where=describe("test_fraction"))
    for split, test in (("training", False), ("test", True)):
        for position, keys in enumerate(key_choices(spec, test)):
            if not len(keys):
                raise ConfigError(
                    f"{spec['split_modulus']} (m = {modulus(spec)}) leaves no {split} key at position {position} "
                    f"among the values {low}..{high}",
                    where=describe("split_modulus"),
                )


def columns(spec: dict) -> tuple[Column, ...]:
    """Columns of train.parquet, test.parquet and unseen.parquet."""
    tokens = (Column(f"token_{i}", "int16", "token", f"token at position {i}") for i in range(spec["length"]))
    return (
        *tokens,
        Column("key", "int16", "token", "value of the key item x"),
        Column("position", "int16", "index", "position p of the key item, from 0"),
        Column("anchor_1", "int16", "token", "first anchor, at p + 1"),
        Column("anchor_2", "int16", "token", "second anchor, at p + 2"),
        Column("label", "int16", "token", "answer under `mapping`"),
        Column("mapping", "string", "", "where the label comes from: inferential, non_inferential or symmetric"),
    )


def offers(spec: dict) -> tuple[str, ...]:
    """What probes can look at (``initscale.tasks.interface``)."""
    return ("item_values", "anchor_pairs", "label_of_the_last_position")
