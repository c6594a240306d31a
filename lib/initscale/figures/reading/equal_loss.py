"""Comparing settings (initialization and weight decay) run by run: at equal steps and at equal training loss.

A small initialization learns later, so after equally many steps it may simply be less far. At equal training loss it is
not: for each seed and data size, every run is read where its loss first falls to the level that all of them reach.
"""

from __future__ import annotations

import pandas as pd

from initscale.experiment.grid import Point, study_points
from initscale.figures.reading.histories import history_files
from initscale.files.storage import read_table
from initscale.files.tables import Column

SETTING_AXES = ("gamma", "weight_decay")
EQUAL_LOSS_COLUMNS = (
    Column("loss", "float64", "nats", "training loss of the last evaluation (mean since the one before)"),
    Column("step", "int64", "steps", "step of the last evaluation"),
    Column("equal_loss", "float64", "nats", "lowest training loss that all settings of this seed and size reach"),
    Column("equal_loss_step", "int64", "steps", "first evaluation of this run with no more than that loss"),
)


def read_runs(config: dict, study: str) -> list[tuple[Point, pd.DataFrame]]:
    """Grid point and history of every run of a study; the point has the recipe's weight decay if the grid has none."""
    section = config["studies"][study]
    decay = {"weight_decay": config["training"][section["training"]]["weight_decay"]}
    files = zip(study_points(section), history_files(config, study), strict=True)
    return [(decay | point, read_table(path).to_pandas()) for point, path in files]


def both_comparisons(runs: list[tuple[Point, pd.DataFrame]]) -> list[tuple[Point, pd.Series, pd.Series, dict]]:
    """For every run its point, its last row, its row at equal training loss, and ``EQUAL_LOSS_COLUMNS``.

    Runs that differ in ``SETTING_AXES`` only are compared with each other.
    """
    reached: dict[tuple, float] = {}
    for point, history in runs:
        reached[_others(point)] = max(reached.get(_others(point), 0.0), history["loss"].min())
    found = []
    for point, history in runs:
        level, last = reached[_others(point)], history.iloc[-1]
        equal = history[history["loss"] <= level].iloc[0]
        numbers = {"loss": last["loss"], "step": int(last["step"])}
        numbers |= {"equal_loss": level, "equal_loss_step": int(equal["step"])}
        found.append((point, last, equal, numbers))
    return found


def _others(point: Point) -> tuple:
    return tuple(value for axis, value in point.items() if axis not in SETTING_AXES)
