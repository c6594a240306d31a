"""Modular arithmetic with a part of all equations taught (arXiv 2206.04817; the task of grokking).

A sequence is [a, o, b, =] with residues a, b of a prime p, label a o b mod p; o is ``add`` or ``divide`` (b != 0).
All equations are shuffled; a share of them is taught, the rest is the test.
"""

from __future__ import annotations

from collections.abc import Callable

from initscale.errors import ConfigError
from initscale.files.tables import Column

TRAINER = "last_token_trainer"
SPLITS = ("train", "test")


def sequence_length(spec: dict) -> int:
    """a, the operation, b, the equals sign."""
    return 4


def vocabulary_size(spec: dict) -> int:
    """The residues, the operation and the equals sign."""
    return spec["prime"] + 2


def equations(spec: dict) -> int:
    """Number of equations; 9,312 for divisions modulo 97."""
    p = spec["prime"]
    return p * (p - 1) if spec["operation"] == "divide" else p * p


def offers(spec: dict) -> tuple[str, ...]:
    """What probes can look at (``initscale.tasks.interface``)."""
    return ("label_of_the_last_position",)


def training_rows(spec: dict) -> int:
    """Rows of the training split."""
    return round(equations(spec) * spec["taught"])


def check_spec(spec: dict, describe: Callable[..., str]) -> None:
    """Raise ``ConfigError`` unless the specification can be generated."""
    p = spec["prime"]
    if any(p % k == 0 for k in range(2, int(p**0.5) + 1)):
        raise ConfigError(f"{p} is no prime, so not every division has one answer", where=describe("prime"))
    if not 0 < training_rows(spec) < equations(spec):
        raise ConfigError(f"leaves a split of the {equations(spec)} equations empty", where=describe("taught"))


def columns(spec: dict) -> tuple[Column, ...]:
    """Columns of train.parquet and test.parquet."""
    return (
        Column("a", "int16", "1", "first residue"),
        Column("b", "int16", "1", "second residue"),
        Column("c", "int16", "1", "the answer"),
    )
