"""Table of Fig 8: which combinations of anchor pair and keys are trained and which are only tested."""

from __future__ import annotations

import pandas as pd
import pyarrow as pa

from initscale.figures.reading.captions import task_words
from initscale.figures.reading.datasets import data_files, read_splits
from initscale.files.tables import Column, make_table
from initscale.tasks.anchor.definition import modulus

COLUMNS = (
    Column("keys", "string", "", "train or test: which keys, by the split rule"),
    Column("anchor_1", "int64", "token", "first anchor"),
    Column("anchor_2", "int64", "token", "second anchor"),
    Column("trained_rows", "int64", "sequences", "sequences in train.parquet"),
    Column("test_rows", "int64", "sequences", "sequences in test.parquet"),
    Column("unseen_rows", "int64", "sequences", "sequences in unseen.parquet (each counted once)"),
    Column("example", "string", "", "tokens of one such row"),
    Column("position", "int64", "index", "position of the key in the example"),
)
_CELL = ["keys", "anchor_1", "anchor_2"]


def inputs(config: dict) -> dict[str, list[str]]:
    """Files that the table is made of."""
    return {"data": data_files(config, config["figures"]["fig8"]["dataset"])}


def table(config: dict) -> pa.Table:
    """Make the table; see ``COLUMNS``."""
    name = config["figures"]["fig8"]["dataset"]
    spec, splits = config["datasets"][name], read_splits(config, name)
    splits["unseen"] = splits["unseen"][splits["unseen"]["mapping"] == "inferential"]
    frames = []
    for split, rows in splits.items():
        tokens = [column for column in rows.columns if column.startswith("token_")]
        is_test = rows["key"] % modulus(spec) == rows["position"]
        rows = rows.assign(keys=is_test.map({True: "test", False: "train"}))
        first = rows.drop_duplicates(_CELL).set_index(_CELL)
        counted = rows.groupby(_CELL).size().rename("rows").to_frame().join(first[[*tokens, "position"]])
        counted["example"] = counted[tokens].astype(str).agg(" ".join, axis=1)
        frames.append(counted[["rows", "example", "position"]].assign(split=split).reset_index())
    cells = pd.concat(frames)
    counts = cells.pivot_table(index=_CELL, columns="split", values="rows", aggfunc="sum", fill_value=0)
    merged = counts.join(cells.drop_duplicates(_CELL).set_index(_CELL)[["example", "position"]]).reset_index()
    merged = merged.rename(columns={"train": "trained_rows", "test": "test_rows", "unseen": "unseen_rows"})
    for column in ("trained_rows", "test_rows", "unseen_rows"):
        merged[column] = merged.get(column, 0)
    result = make_table(COLUMNS, {c.name: merged[c.name].to_numpy() for c in COLUMNS})
    return result.replace_schema_metadata(
        {"caption": f"Counts and rows of the generated data: {task_words(config, name)}."}
    )
