"""Table of the training curves: loss and accuracies of every run at the recipe's own rates, at every evaluation."""

from __future__ import annotations

from collections.abc import Iterator

import pandas as pd
import pyarrow as pa

from initscale.aggregate.captions import model_words, task_words
from initscale.aggregate.runs import answer_columns
from initscale.displayed import RECIPE_AXES
from initscale.grid import Point, study_points
from initscale.paths import Layout
from initscale.storage import read_table
from initscale.tables import Column, make_table

COLUMNS = (
    Column("gamma", "float64", "1", "initialization rate of the run"),
    Column("depth", "int64", "layers", "number of layers"),
    Column("seed", "int64", "", "seed of initial weights and batch order"),
    Column("step", "int64", "steps", "updates made so far"),
    Column("loss", "float64", "nats", "mean training loss since the evaluation before"),
    Column("symmetric", "float64", "share", "accuracy on the unseen pair, symmetric label"),
    Column("inferential", "float64", "share", "accuracy on the unseen pair, inferential label"),
    Column("seen", "float64", "share", "accuracy on seen pairs with test keys"),
)


def inputs(config: dict) -> dict[str, list[str]]:
    """Files that the table is made of."""
    return {"histories": [path for _, path in _shown(config)]}


def table(config: dict) -> pa.Table:
    """Make the table; see ``COLUMNS``."""
    options = config["figures"]["fig_curves"]
    answers = {column: mapping for mapping, column in answer_columns(options).items()}
    names = {"step": "step", "loss": "loss", "acc_test": "seen"} | answers
    frames = []
    for point, path in _shown(config):
        axes = {axis: point[axis] for axis in ("gamma", "depth", "seed")}
        frames.append(read_table(path, names).to_pandas().rename(columns=names).assign(**axes))
    rows = pd.concat(frames, ignore_index=True)
    found = make_table(COLUMNS, {c.name: rows[c.name].to_numpy() for c in COLUMNS})
    task = task_words(config, config["studies"][options["study"]]["dataset"])
    caption = f"Scale `{config['scale']}`: {task}; {model_words(config, options['study'])}. One line per seed."
    return found.replace_schema_metadata({"caption": caption})


def _shown(config: dict) -> Iterator[tuple[Point, str]]:
    """Runs at the recipe's learning rate and weight decay, with their histories."""
    study = config["figures"]["fig_curves"]["study"]
    section = config["studies"][study]
    recipe, layout = config["training"][section["training"]], Layout(config)
    for point in study_points(section):
        if all(point[axis] == recipe[axis] for axis in RECIPE_AXES if axis in point):
            yield point, f"{layout.run_folder(study, point)}/history.parquet"
