"""Data that a function of the user gives: what must be known of them before they are made."""

from __future__ import annotations

from collections.abc import Callable

from initscale.errors import ConfigError
from initscale.files.tables import Column
from initscale.sweep.functions import function_roots

TRAINER = "module_trainer"
SPLITS = ("sequences",)
"""One file for all splits, which only the user's function knows."""


def vocabulary_size(spec: dict) -> int:
    """Largest token or label, and one."""
    return spec["vocabulary"]


def sequence_length(spec: dict) -> int:
    """Tokens of a sequence."""
    return spec["length"]


def training_rows(spec: dict) -> int:
    """Sequences of the split ``train``."""
    return spec["rows"]["train"]


def code_roots(spec: dict) -> list[str]:
    """Where the code of the user's function begins."""
    return function_roots(spec["function"])


def check_spec(spec: dict, describe: Callable[..., str]) -> None:
    """Raise ``ConfigError`` for a section without a split to train on."""
    if not spec["rows"].get("train"):
        raise ConfigError("has no split `train`", where=describe("rows"))


def columns(spec: dict) -> tuple[Column, ...]:
    """Columns of sequences.parquet, one row per sequence."""
    labels = [f"label_{position}" for position in range(spec["length"])] if spec["every_position"] else ["label"]
    tokens = [f"token_{position}" for position in range(spec["length"])]
    return (
        Column("split", "string", "", "train, or a split that is only scored"),
        *(Column(name, "int32", "token", "token at this position") for name in tokens),
        *(Column(name, "int32", "token", "what is asked there; -100 where nothing is") for name in labels),
    )
