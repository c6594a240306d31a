"""Table of a sweep: the end of every run. ``kind`` and ``part`` say what ``value`` is.

===============  ========  ==============================================================
kind             part      value
===============  ========  ==============================================================
accuracy         a split   share of right answers at the last evaluation
loss             train     mean training loss since the evaluation before, nats
stable_rank      a weight  stable rank, behind the training over before
mean_abs_cosine  a weight  mean |cosine| of the rows (probe ``layers``), behind the training
===============  ========  ==============================================================
"""

from __future__ import annotations

from collections.abc import Iterator

import pandas as pd
import pyarrow as pa

from initscale.experiment.grid import study_points
from initscale.experiment.paths import Layout
from initscale.figures.reading.histories import history_files
from initscale.files.storage import read_table
from initscale.files.tables import Column, last_row, make_table

COLUMNS = (
    Column("gamma", "float64", "1", "initialization rate of the run"),
    Column("seed", "int64", "", "seed of initial weights and batch order"),
    Column("kind", "string", "", "accuracy, loss, stable_rank or mean_abs_cosine"),
    Column("part", "string", "", "the split or the weight"),
    Column("value", "float64", "as the kind", "the number"),
)


def inputs(config: dict) -> dict[str, list[str]]:
    """Files that the table is made of."""
    study, layout = config["figures"]["fig_sweep"]["study"], Layout(config)
    points = study_points(config["studies"][study])
    probes = [layout.probe_file(study, point, "layers") for point in points]
    return {"histories": history_files(config, study), "probes": probes}


def table(config: dict) -> pa.Table:
    """Make the table; see ``COLUMNS``."""
    study, files = config["figures"]["fig_sweep"]["study"], inputs(config)
    points = study_points(config["studies"][study])
    rows = []
    for point, history, probe in zip(points, files["histories"], files["probes"], strict=True):
        measured = [*_of_history(last_row(read_table(history))), *_of_weights(read_table(probe).to_pandas())]
        rows += [(point["gamma"], point["seed"], *one) for one in measured]
    names = [column.name for column in COLUMNS]
    found = make_table(COLUMNS, dict(zip(names, zip(*rows, strict=True), strict=True)))
    return found.replace_schema_metadata({"caption": _caption(config, study)})


def _of_history(row: dict) -> Iterator[tuple[str, str, float]]:
    yield "loss", "train", row["loss"]
    yield from (("accuracy", name.removeprefix("acc_"), row[name]) for name in row if name.startswith("acc_"))


def _of_weights(scores: pd.DataFrame) -> Iterator[tuple[str, str, float]]:
    by_name = scores.set_index(["quantity", "part"])["value"]
    for part in by_name["stable_rank"].index:
        yield "stable_rank", part, by_name["stable_rank", part] / by_name["initial_stable_rank", part]
        yield "mean_abs_cosine", part, by_name["mean_abs_cosine", part]


def _caption(config: dict, study: str) -> str:
    section = config["studies"][study]
    model, data = config["models"][section["model"]], config["datasets"][section["dataset"]]
    recipe, seeds = config["training"][section["training"]], len(section["grid"]["seed"])
    return (
        f"Model {model['options']['function']}, data {data['function']}: {data['rows']['train']} training sequences, "
        f"{recipe['duration']}, batch {recipe['batch']}, peak rate {recipe['lr']:g}, weight decay "
        f"{recipe['weight_decay']:g}, {seeds} seed{'s' if seeds > 1 else ''} per gamma."
    )
