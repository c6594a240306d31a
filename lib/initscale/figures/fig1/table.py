"""Table of Fig 1: what every anchor pair is taught, and real rows of the generated data as examples."""

from __future__ import annotations

import pandas as pd
import pyarrow as pa

from initscale.figures.reading.captions import task_words
from initscale.figures.reading.datasets import data_files, read_splits
from initscale.files.tables import Column, make_table
from initscale.tasks.anchor.definition import all_pairs, exceptions, mappings, taught_shift, unseen_pairs

COLUMNS = (
    Column("anchor_1", "int64", "token", "first anchor"),
    Column("anchor_2", "int64", "token", "second anchor"),
    Column("mapping", "string", "", "inferential or non_inferential (taught); for an unseen pair each possible answer"),
    Column("taught", "bool", "", "whether the pair occurs in training"),
    Column("shift", "int64", "", "label minus key"),
    Column("rows", "int64", "sequences", "sequences of the pair with this mapping, all splits"),
    Column("tokens", "string", "", "tokens of the first such row of the data, separated by blanks"),
    Column("position", "int64", "index", "position of the key in that row"),
    Column("between", "int64", "1", "value after the first anchor alone, g(key; a1), for that row"),
    Column("label", "int64", "token", "label of that row"),
)


def inputs(config: dict) -> dict[str, list[str]]:
    """Files that the table is made of."""
    return {"data": data_files(config, config["figures"]["fig1"]["dataset"])}


def table(config: dict) -> pa.Table:
    """Make the table; see ``COLUMNS``."""
    name = config["figures"]["fig1"]["dataset"]
    spec = config["datasets"][name]
    splits = read_splits(config, name)
    found = []
    for pair in all_pairs(spec):
        unseen = pair in unseen_pairs(spec)
        taught = "non_inferential" if pair in exceptions(spec) else "inferential"
        answers = mappings(spec, pair) if unseen else {taught: taught_shift(spec, pair)}
        frames = [splits["unseen"]] if unseen else [splits["train"], splits["test"]]
        first = spec["anchor_shifts"][pair[0] - 1]
        found += [_describe(pair, mapping, (first, shift), not unseen, frames) for mapping, shift in answers.items()]
    result = make_table(COLUMNS, {c.name: [row[c.name] for row in found] for c in COLUMNS})
    return result.replace_schema_metadata({"caption": f"Rows of the generated data: {task_words(config, name)}."})


def _describe(pair, mapping: str, shifts: tuple[int, int], taught: bool, frames: list[pd.DataFrame]) -> dict:
    matching = [f[(f["anchor_1"] == pair[0]) & (f["anchor_2"] == pair[1]) & (f["mapping"] == mapping)] for f in frames]
    first = matching[0].iloc[0]
    tokens = [str(first[name]) for name in matching[0].columns if name.startswith("token_")]
    return {
        "anchor_1": pair[0],
        "anchor_2": pair[1],
        "mapping": mapping,
        "taught": taught,
        "shift": shifts[1],
        "rows": sum(len(f) for f in matching),
        "tokens": " ".join(tokens),
        "position": first["position"],
        "between": first["key"] + shifts[0],
        "label": first["label"],
    }
