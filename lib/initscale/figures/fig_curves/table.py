"""Table of the training curves: loss and accuracies of every run at every evaluation.

``shown`` marks the runs at the recipe's own learning rate and weight decay, which are drawn."""

from __future__ import annotations

import pandas as pd
import pyarrow as pa

from initscale.experiment.grid import study_points
from initscale.figures.reading.captions import model_words, task_words
from initscale.figures.reading.displayed import RECIPE_AXES, full_point
from initscale.figures.reading.histories import answer_columns, history_files
from initscale.files.storage import read_table
from initscale.files.tables import Column, make_table

COLUMNS = (
    Column("gamma", "float64", "1", "initialization rate of the run"),
    Column("depth", "int64", "layers", "number of layers"),
    Column("seed", "int64", "", "seed of initial weights and batch order"),
    Column("lr", "float64", "1", "peak learning rate of the run"),
    Column("weight_decay", "float64", "1", "AdamW's weight decay of the run"),
    Column("shown", "bool", "", "whether these are the recipe's own"),
    Column("step", "int64", "steps", "updates made so far"),
    Column("loss", "float64", "nats", "mean training loss since the evaluation before"),
    Column("symmetric", "float64", "share", "accuracy on the unseen pair, symmetric label"),
    Column("inferential", "float64", "share", "accuracy on the unseen pair, inferential label"),
    Column("seen", "float64", "share", "accuracy on seen pairs with test keys"),
)


def inputs(config: dict) -> dict[str, list[str]]:
    """Files that the table is made of."""
    return {"histories": history_files(config, config["figures"]["fig_curves"]["study"])}


def table(config: dict) -> pa.Table:
    """Make the table; see ``COLUMNS``."""
    options = config["figures"]["fig_curves"]
    answers = {column: mapping for mapping, column in answer_columns(options).items()}
    names = {"step": "step", "loss": "loss", "acc_test": "seen"} | answers
    study = config["figures"]["fig_curves"]["study"]
    points, frames = study_points(config["studies"][study]), []
    for point, path in zip(points, history_files(config, study), strict=True):
        axes = full_point(config, study, point)
        shown = all(axes[name] == value for name, value in _recipe(config, study).items())
        frames.append(read_table(path, names).to_pandas().rename(columns=names).assign(shown=shown, **axes))
    rows = pd.concat(frames, ignore_index=True)
    found = make_table(COLUMNS, {c.name: rows[c.name].to_numpy() for c in COLUMNS})
    task = task_words(config, config["studies"][options["study"]]["dataset"])
    caption = f"Scale `{config['scale']}`: {task}; {model_words(config, options['study'])}. One line per seed."
    return found.replace_schema_metadata({"caption": caption})


def _recipe(config: dict, study: str) -> dict[str, float]:
    recipe = config["training"][config["studies"][study]["training"]]
    return {axis: recipe[axis] for axis in RECIPE_AXES}
