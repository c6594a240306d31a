"""Addition a + b = c with a block of pairs held out (the paper, Section 6, Fig 17a).

Numbers of ``values``; the pairs with both numbers in ``block`` are the test set. Their sums occur in training, so a
model that composes can answer them. ``tokens: number`` has one token per number, ``tokens: digit`` writes a and b with
as many digits as the largest value, c with as many as the largest sum.
"""

from __future__ import annotations

from collections.abc import Callable

from initscale.errors import ConfigError
from initscale.files.tables import Column

TRAINER = "sequence_trainer"
SPLITS = ("train", "test", "block")
NUMBER, DIGIT = "number", "digit"


def numbers(bounds: list[int]) -> range:
    """The numbers of a range with both ends."""
    return range(bounds[0], bounds[1] + 1)


def pairs_outside(spec: dict) -> int:
    """Number of ordered pairs outside the block; 959,599 in the paper."""
    return len(numbers(spec["values"])) ** 2 - len(numbers(spec["block"])) ** 2


def vocabulary(spec: dict) -> list[str]:
    """Numbers (or digits) and the plus sign."""
    largest = 2 * spec["values"][1] if spec["tokens"] == NUMBER else 9
    return [*map(str, range(largest + 1)), "+"]


def texts(spec: dict, a: int, b: int, c: int) -> tuple[str, str]:
    """Prompt and target."""
    if spec["tokens"] == NUMBER:
        return f"{a} + {b}", str(c)
    wide, widest = len(str(spec["values"][1])), len(str(2 * spec["values"][1]))
    return f"{' '.join(f'{a:0{wide}d}')} + {' '.join(f'{b:0{wide}d}')}", " ".join(f"{c:0{widest}d}")


def sequence_length(spec: dict) -> int:
    """Tokens of every sequence, with the one between prompt and target and the end token."""
    largest = spec["values"][1]
    return sum(len(text.split()) for text in texts(spec, largest, largest, 2 * largest)) + 2


def vocabulary_size(spec: dict) -> int:
    """Numbers or digits, the plus sign and four special tokens."""
    return len(vocabulary(spec)) + 4


def training_rows(spec: dict) -> int:
    """Rows of the training split."""
    return spec["train_pairs"]


def check_spec(spec: dict, describe: Callable[..., str]) -> None:
    """Raise ``ConfigError`` unless the specification can be generated."""
    (low, high), (first, last) = spec["values"], spec["block"]
    if low > high:
        raise ConfigError(f"[{low}, {high}] must be an increasing range", where=describe("values"))
    if not low <= first <= last <= high:
        raise ConfigError(f"[{first}, {last}] must be a range inside the values", where=describe("block"))
    wanted, known = spec["train_pairs"] + spec["test_pairs"], pairs_outside(spec)
    if wanted > known:
        raise ConfigError(
            f"{wanted} training and test pairs are more than the {known} pairs outside the block",
            where=describe("train_pairs"),
        )


def columns(spec: dict) -> tuple[Column, ...]:
    """Columns of train.parquet, test.parquet and block.parquet."""
    return (
        Column("a", "int32", "1", "first number"),
        Column("b", "int32", "1", "second number"),
        Column("c", "int32", "1", "their sum"),
    )


def offers(spec: dict) -> tuple[str, ...]:
    """What probes can look at (``initscale.tasks.interface``): numbers that are tokens."""
    return ("item_values",) if spec["tokens"] == NUMBER else ()
