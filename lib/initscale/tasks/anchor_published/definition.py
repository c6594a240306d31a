"""The anchor-function task with the authors' own draws: the data of their public runs, from their seed.

Definition, split and labels are those of the task ``anchor``. What differs is where the random numbers come from and
the order of the rows (facts of the authors' logs at xuzhiqin1990/understanding_dl). There is one group of
sequences per anchor pair and kind of keys. The groups are drawn one behind the other, all with test keys first. The
training set is the groups with train keys in that order, without the unseen pairs. With ``split_modulus: n`` (9) and
seed 1 it is the training set of the published runs, row for row.
"""

from __future__ import annotations

from collections.abc import Callable

from initscale.errors import ConfigError
from initscale.tasks.anchor import definition as anchor
from initscale.tasks.anchor.definition import (
    SPLITS,
    TRAINER,
    Pair,
    columns,
    offers,
    sequence_length,
    training_rows,
    vocabulary_size,
)

__all__ = ["SPLITS", "TRAINER", "check_seeds", "check_spec", "columns", "offers", "sequence_length", "training_rows"]
__all__ += ["drawn_groups", "group_name", "trained_in_order", "unseen_in_order", "vocabulary_size"]

TEST_KEYS, TRAIN_KEYS = "test", "train"
ANCHORS = 4
PUBLISHED_ORDER: tuple[Pair, ...] = (
    *((1, 3), (2, 3), (4, 3), (3, 1), (3, 2), (3, 4)),
    *((1, 2), (1, 4), (2, 1), (4, 1), (2, 4), (4, 2)),
    *((1, 1), (2, 2), (3, 3), (4, 4)),
)
"""Order in which the published runs draw, score and log the anchor pairs."""


def drawn_groups() -> list[tuple[Pair, str]]:
    """Pair and kind of keys (``test`` or ``train``) of every group of sequences, in the order of the draws; 32."""
    return [(pair, keys) for keys in (TEST_KEYS, TRAIN_KEYS) for pair in PUBLISHED_ORDER]


def trained_in_order(spec: dict) -> list[Pair]:
    """Pairs that occur in training, in the order of their rows; 15 in the published runs."""
    trained = anchor.trained_pairs(spec)
    return [pair for pair in PUBLISHED_ORDER if pair in trained]


def unseen_in_order(spec: dict) -> list[Pair]:
    """Pairs that never occur in training, in the order of the draws."""
    unseen = anchor.unseen_pairs(spec)
    return [pair for pair in PUBLISHED_ORDER if pair in unseen]


def group_name(pair: Pair, keys: str) -> str:
    """Name of the accuracy on a group of a trained pair.

    >>> group_name((1, 3), "test")
    '1_3_test_keys'
    """
    return f"{pair[0]}_{pair[1]}_{keys}_keys"


def check_spec(spec: dict, describe: Callable[..., str]) -> None:
    """Raise ``ConfigError`` unless the specification describes a data set that can be drawn in the published order."""
    if len(spec["anchor_shifts"]) != ANCHORS:
        raise ConfigError(
            f"{len(spec['anchor_shifts'])} anchors have no published order of draws; it is known for {ANCHORS}",
            where=describe("anchor_shifts"),
            hint="the task `anchor` takes any number of anchors",
        )
    anchor.check_spec(spec, describe)


def check_seeds(spec: dict, seeds: set[int], where: str) -> None:
    """Raise ``ConfigError`` unless the runs have the seed of their data: a published run has one for everything."""
    for seed in sorted(seeds - {spec["seed"]}):
        raise ConfigError(
            f"the data are drawn from seed {spec['seed']} and the run from {seed}; a published run has one seed",
            where=where,
            hint=f"give seed {seed} a data set of its own, as `authors_run_seed2` has, or use the task `anchor`",
        )
