"""One row per run: accuracy on the test pairs, and the probe's score."""

from __future__ import annotations

import pyarrow as pa

from initscale.experiment.grid import study_points
from initscale.figures.reading.histories import history_files
from initscale.figures.reading.probe_files import probe_files
from initscale.files.storage import read_table
from initscale.files.tables import Column, last_row, make_table

COLUMNS = (
    Column("gamma", "float64", "1", "initialization rate"),
    Column("seed", "int64", "", "seed of initial weights and batch order"),
    Column("test", "float64", "share", "accuracy on pairs that were not taught"),
    Column("top_share", "float64", "share", "power at the strongest frequency"),
)


def inputs(config: dict) -> dict[str, list[str]]:
    study = config["figures"]["fig_modadd"]["study"]
    return {"histories": history_files(config, study), "fourier": probe_files(config, study, "fourier")}


def table(config: dict) -> pa.Table:
    points = list(study_points(config["studies"][config["figures"]["fig_modadd"]["study"]]))
    files = inputs(config)
    return make_table(
        COLUMNS,
        {
            "gamma": [point["gamma"] for point in points],
            "seed": [point["seed"] for point in points],
            "test": [last_row(read_table(path))["acc_test"] for path in files["histories"]],
            "top_share": [last_row(read_table(path))["value"] for path in files["fourier"]],
        },
    )
