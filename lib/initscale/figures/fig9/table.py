"""Table of Fig 9: how often every key value stands at every position, in the training and in the test split."""

from __future__ import annotations

import itertools

import pyarrow as pa

from initscale.figures.reading.captions import task_words
from initscale.figures.reading.datasets import data_files, read_splits
from initscale.files.tables import Column, make_table

COLUMNS = (
    Column("key", "int64", "token", "value of the key item"),
    Column("position", "int64", "index", "position of the key item, from 0"),
    Column("split", "string", "", "train or test"),
    Column("rows", "int64", "sequences", "sequences with this key at this position"),
)


def inputs(config: dict) -> dict[str, list[str]]:
    """Files that the table is made of."""
    return {"data": data_files(config, config["figures"]["fig9"]["dataset"])}


def table(config: dict) -> pa.Table:
    """Make the table, with a row (maybe of 0) for every key, position and split."""
    name = config["figures"]["fig9"]["dataset"]
    spec, splits = config["datasets"][name], read_splits(config, name)
    keys = range(spec["values"][0], spec["values"][1] + 1)
    counts = {split: splits[split].groupby(["key", "position"]).size() for split in ("train", "test")}
    cells = list(itertools.product(keys, range(spec["length"] - 2), counts))
    values = {
        "key": [key for key, _, _ in cells],
        "position": [position for _, position, _ in cells],
        "split": [split for _, _, split in cells],
        "rows": [int(counts[split].get((key, position), 0)) for key, position, split in cells],
    }
    rule = {"n-2": "n − 2", "n": "n"}.get(spec["split_modulus"], str(spec["split_modulus"]))
    caption = (
        f"Test keys: x mod m = position, with m = {rule}. Counts of the generated data: {task_words(config, name)}."
    )
    return make_table(COLUMNS, values).replace_schema_metadata({"caption": caption})
