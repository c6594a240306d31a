"""Two-step reasoning along a chain of shuffled edges (arXiv 2405.15302).

A chain a_0 -> a_1 -> ... -> a_E of different tokens is written as its E edges [a_i, a_{i+1}] in random order, then a
query a_i; the label is a_{i+2}. Step a -> b of a chain has the residue (b - a) mod m. Three groups of sequences:

train  every step has one of ``residues``
test   every step has another residue, so no edge was ever seen
ood    residues as in training, but the query and the token behind it are of ``new`` tokens that occur nowhere in
       training: only matching of equal tokens can find the answer. All other tokens are familiar, so that guessing a
       familiar one is right in 1 / (E - 1) of the sequences.
"""

from __future__ import annotations

from collections.abc import Callable

from initscale.errors import ConfigError
from initscale.files.tables import Column

TRAINER = "last_token_trainer"
SPLITS = ("train", "test", "ood")


def sequence_length(spec: dict) -> int:
    """Two tokens for each edge, and the query."""
    return 2 * spec["edges"] + 1


def vocabulary_size(spec: dict) -> int:
    """Token 0, which never occurs, the familiar tokens 1, 2, ... and the new ones behind them."""
    return spec["tokens"] + spec["new"] + 1


def offers(spec: dict) -> tuple[str, ...]:
    """What probes can look at (``initscale.tasks.interface``): tokens that no training sequence has."""
    return ("new_tokens", "label_of_the_last_position")


def training_rows(spec: dict) -> int:
    """Rows of the training split."""
    return spec["sequences"]


def guessing(spec: dict) -> float:
    """Accuracy on ``ood`` of an answer that is any familiar token of the sequence."""
    return 1 / (spec["edges"] - 1)


def check_spec(spec: dict, describe: Callable[..., str]) -> None:
    """Raise ``ConfigError`` unless the specification can be generated."""
    m = spec["modulus"]
    for key in ("tokens", "new"):
        if spec[key] % m or spec[key] < m * (spec["edges"] + 1):
            raise ConfigError(
                f"{spec[key]} must be a multiple of the modulus {m}, and at least {m * (spec['edges'] + 1)}, so that "
                "every step has enough tokens to go to",
                where=describe(key),
            )
    wrong = [residue for residue in spec["residues"] if residue >= m]
    if wrong or len(spec["residues"]) == m:
        raise ConfigError(
            f"{spec['residues']} must be some, but not all, of the residues 0..{m - 1}", where=describe("residues")
        )


def columns(spec: dict) -> tuple[Column, ...]:
    """Columns of train.parquet, test.parquet and ood.parquet."""
    tokens = (Column(f"token_{i}", "int16", "token", f"token at position {i}") for i in range(sequence_length(spec)))
    return (*tokens, Column("label", "int16", "token", "two steps from the query, which is the last token"))
