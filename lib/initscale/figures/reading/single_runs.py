"""Tables of the figures that show single runs: the scores of every run, and the pictures' numbers of the shown ones.

Long form: one number per row, with the run it belongs to. ``quantity``, ``part``, ``i`` and ``j`` are defined in the
docstring of the probe that measured it. Beside them stands the quantity ``accuracy``: the last row of the run's
history, ``part`` being the name of the accuracy there without ``acc_``. So a table alone says which of the two
mappings a run follows, whatever its gamma makes one expect.
"""

from __future__ import annotations

import pandas as pd
import pyarrow as pa

from initscale.experiment.grid import Point, study_points
from initscale.figures.reading.captions import model_words, task_words
from initscale.figures.reading.displayed import RECIPE_AXES, displayed_points
from initscale.figures.reading.histories import history_files
from initscale.figures.reading.probe_files import probe_files
from initscale.files.storage import read_table
from initscale.files.tables import Column, last_row, make_table

COLUMNS = (
    Column("gamma", "float64", "1", "initialization rate of the run"),
    Column("depth", "int64", "layers", "number of layers"),
    Column("lr", "float64", "1", "peak learning rate"),
    Column("weight_decay", "float64", "1", "AdamW's weight decay"),
    Column("seed", "int64", "", "seed of initial weights and batch order"),
    Column("shown", "bool", "", "whether the figure draws this run; of the others the table has only the scores"),
    Column("quantity", "string", "", "what the number is; see the docstring of the probe"),
    Column("part", "string", "", "what it is measured on: a threshold or the name of a weight; empty if there is one"),
    Column("i", "int64", "index", "first index of a vector or matrix, -1 for a score"),
    Column("j", "int64", "index", "second index, -1 without"),
    Column("value", "float64", "as the quantity", "the number"),
)


def measured_files(config: dict, figure: str, *probes: str, study: str | None = None) -> dict[str, list[str]]:
    """Files that the table of a figure is made of: history and probes of every run of its study, or of another."""
    study = study or config["figures"][figure]["study"]
    found = {probe: probe_files(config, study, probe) for probe in probes}
    return found | {"histories": history_files(config, study)}


def measured_rows(
    config: dict, figure: str, probe: str, pictures: tuple[str, ...], also: tuple = (), study: str | None = None
) -> pd.DataFrame:
    """Rows of one probe.

    Parameters
    ----------
    pictures : quantities (vectors, matrices) that the figure draws, kept for the shown runs.
    also : vectors that are kept for every run, as scores are.
    study : whose runs; by default the figure's.
    """
    study, shown_points = study or config["figures"][figure]["study"], displayed_points(config, figure)
    points = study_points(config["studies"][study])
    frames = []
    for point, path in zip(points, probe_files(config, study, probe), strict=True):
        rows, shown = read_table(path).to_pandas(), point in shown_points
        kept = (rows["i"] < 0) | rows["quantity"].isin((*also, *(pictures if shown else ())))
        frames.append(rows[kept].assign(shown=shown, **run_axes(config, study, point)))
    return pd.concat(frames, ignore_index=True)


def accuracy_rows(config: dict, figure: str) -> pd.DataFrame:
    """Every accuracy at the end of every run."""
    study, shown_points = config["figures"][figure]["study"], displayed_points(config, figure)
    points = study_points(config["studies"][study])
    frames = []
    for point, path in zip(points, history_files(config, study), strict=True):
        last = last_row(read_table(path))
        found = {name.removeprefix("acc_"): value for name, value in last.items() if name.startswith("acc_")}
        rows = pd.DataFrame({"quantity": "accuracy", "part": found.keys(), "i": -1, "j": -1, "value": found.values()})
        frames.append(rows.assign(shown=point in shown_points, **run_axes(config, study, point)))
    return pd.concat(frames, ignore_index=True)


def run_axes(config: dict, study: str, point: Point) -> Point:
    """The point with the recipe's learning rate and weight decay where the grid has no such axis."""
    recipe = config["training"][config["studies"][study]["training"]]
    return {axis: recipe[axis] for axis in RECIPE_AXES} | point


def measured_table(config: dict, figure: str, frames: list[pd.DataFrame], words: str) -> pa.Table:
    """The figure's table, accuracies added, with a caption that ends in ``words``."""
    rows = pd.concat([*frames, accuracy_rows(config, figure)], ignore_index=True)
    study = config["figures"][figure]["study"]
    task = task_words(config, config["studies"][study]["dataset"])
    caption = f"Scale `{config['scale']}`: {task}; {model_words(config, study)}. {words}"
    table = make_table(COLUMNS, {c.name: rows[c.name].to_numpy() for c in COLUMNS})
    return table.replace_schema_metadata({"caption": caption})


def condensation_table(config: dict, figure: str) -> pa.Table:
    """Table of a grid of condensation panels (Figs 10 and 15); scores are those of every run."""
    words = f"{_shown_words(config, figure)} {condensation_words(config)}"
    return measured_table(config, figure, [measured_rows(config, figure, "condensation", ("cosine",))], words)


def projection_table(config: dict, figure: str) -> pa.Table:
    """Table of a grid of projected embeddings (Figs 11 and 16); scores are those of every run."""
    options = config["figures"][figure]
    frames = [measured_rows(config, figure, "embedding", ("tsne", "pca", "pca_share"), also=("cosine_at_lag",))]
    words = f"{_shown_words(config, figure)} {projection_words(config, options['study'])}"
    return measured_table(config, figure, frames, words)


def _shown_words(config: dict, figure: str) -> str:
    """What all runs that a grid of panels shows have in common."""
    options = config["figures"][figure]
    found = {"Depth": options["depths"], "gamma": options["gammas"], "seed": [options["seed"]]}
    words = ", ".join(f"{name} {values[0]:g}" for name, values in found.items() if len(values) == 1)
    return f"{words[0].upper()}{words[1:]}."


def condensation_words(config: dict) -> str:
    """How neurons are grouped."""
    first, *_ = config["probes"]["condensation"]["thresholds"]
    return f"Neurons with cosine above {first:g} to a group's leader stand together, largest group first."


def projection_words(config: dict, study: str) -> str:
    """Settings of t-SNE and number of points."""
    options = config["probes"]["embedding"]
    low, high = config["datasets"][config["studies"][study]["dataset"]]["values"]
    return (
        f"t-SNE: perplexity {options['perplexity']:g}, seed {options['seed']}, n = {high - low + 1} items. Ordinality: "
        "rank correlation of embedding distance and numeric distance. Away: share of items whose nearest item, by "
        "cosine, is that far. Scores are those of the full vectors."
    )
