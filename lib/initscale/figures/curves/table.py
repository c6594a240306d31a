"""Table of the training curves of any study: one row per run, evaluation and quantity."""

from __future__ import annotations

import pandas as pd
import pyarrow as pa

from initscale.experiment.grid import study_points
from initscale.figures.reading.captions import duration_words
from initscale.figures.reading.displayed import full_point
from initscale.figures.reading.histories import history_files
from initscale.files.storage import read_table
from initscale.files.tables import Column, make_table

AXES = ("gamma", "depth", "size", "lr", "weight_decay", "seed")
COLUMNS = (
    Column("gamma", "float64", "1", "initialization rate of the run"),
    Column("depth", "int64", "layers", "number of layers"),
    Column("size", "int64", "sequences", "training sequences; null: all that the data set has"),
    Column("lr", "float64", "1", "peak learning rate of the run"),
    Column("weight_decay", "float64", "1", "AdamW's weight decay of the run"),
    Column("seed", "int64", "", "seed of initial weights and batch order"),
    Column("step", "int64", "steps", "updates made so far"),
    Column("epoch", "float64", "epochs", "passes over the training data so far"),
    Column("quantity", "string", "", "column of the run's history: loss, a loss_ or an acc_"),
    Column("value", "float64", "nats or share", "the number"),
)


def inputs(config: dict) -> dict[str, list[str]]:
    """Files that the table is made of."""
    return {"histories": history_files(config, config["figures"]["curves"]["study"])}


def table(config: dict) -> pa.Table:
    """Make the table; see ``COLUMNS``."""
    study = config["figures"]["curves"]["study"]
    points, frames = study_points(config["studies"][study]), []
    for point, path in zip(points, history_files(config, study), strict=True):
        history = read_table(path)
        names = [name for name in history.column_names if name == "loss" or name.startswith(("loss_", "acc_"))]
        rows = history.select(["step", "epoch", *names]).to_pandas()
        long = rows.melt(["step", "epoch"], names, var_name="quantity", value_name="value").dropna(subset="value")
        frames.append(long.assign(**full_point(config, study, point), size=point.get("size")))
    rows = pd.concat(frames, ignore_index=True)
    rows["size"] = rows["size"].astype("Int64")
    found = make_table(COLUMNS, {column.name: rows[column.name] for column in COLUMNS})
    section = config["studies"][study]
    recipe = config["training"][section["training"]]
    caption = (
        f"Scale `{config['scale']}`, study `{study}`: data set `{section['dataset']}`, model `{section['model']}`; "
        f"batch {recipe['batch']}, {duration_words(recipe)}. One line per run."
    )
    return found.replace_schema_metadata({"caption": caption})
