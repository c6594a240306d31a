"""Tables of companion figures that show how runs end and how they got there: a row per run and a row per evaluation."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import pandas as pd

from initscale.experiment.grid import study_points
from initscale.figures.reading.all_runs import GRID_COLUMNS
from initscale.figures.reading.displayed import full_point
from initscale.figures.reading.histories import history_files
from initscale.files.storage import read_table
from initscale.files.tables import Column
from initscale.models.scale import embedding_std

RUN_COLUMNS = (
    Column("kind", "string", "", "run (one row each), or course (one row for each of its evaluations)"),
    Column("study", "string", "", "study of the run"),
    Column("norm", "string", "", "LayerNorm: post or pre"),
    *GRID_COLUMNS,
    Column("embedding_std", "float64", "1", "initial standard deviation of the token embedding"),
    Column("step", "int64", "steps", "updates made"),
    Column("loss", "float64", "nats", "mean training loss since the evaluation before"),
)
"""Columns that such tables share."""


def courses(config: dict, study: str, columns: Mapping[str, str]) -> Iterator[pd.DataFrame]:
    """Every run of a study, a row per evaluation with ``RUN_COLUMNS``.

    Parameters
    ----------
    columns : further columns, their name here -> that in a history.
    """
    section = config["studies"][study]
    model, columns = config["models"][section["model"]], {"step": "step", "loss": "loss"} | columns
    for point, path in zip(study_points(section), history_files(config, study), strict=True):
        facts = full_point(config, study, point) | {"study": study, "norm": model["norm"]}
        facts |= {"embedding_std": embedding_std(model, point["gamma"])}
        history = read_table(path, list(columns.values())).to_pandas()
        yield history.rename(columns={old: new for new, old in columns.items()}).assign(kind="course", **facts)
