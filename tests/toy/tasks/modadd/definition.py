"""Modular addition: from the tokens a, b to the label (a + b) mod m."""

from __future__ import annotations

from initscale.errors import ConfigError
from initscale.files.tables import Column

TRAINER = "last_token_trainer"
SPLITS = ("train", "test")


def modulus(spec: dict) -> int:
    return spec["values"][1] + 1


def check_spec(spec: dict, describe) -> None:
    if spec["values"][0] != 0:
        raise ConfigError("the first number must be 0", where=describe("values"))


def sequence_length(spec: dict) -> int:
    return 2


def vocabulary_size(spec: dict) -> int:
    return modulus(spec)


def training_rows(spec: dict) -> int:
    return int(spec["train_share"] * modulus(spec) ** 2)


def offers(spec: dict) -> tuple[str, ...]:
    return ("item_values", "label_of_the_last_position")


def columns(spec: dict) -> tuple[Column, ...]:
    return (
        Column("token_0", "int64", "token", "a"),
        Column("token_1", "int64", "token", "b"),
        Column("label", "int64", "token", "(a + b) mod m"),
    )
