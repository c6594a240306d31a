"""Table of fig_modular: when runs fit and when they generalize, over the initialization, and the course of each.

A step counts from the first evaluation with an accuracy of ``REACHED`` or more. A run that never gets there has no
``generalize_step``; its ``delay`` is then a lower bound, the whole training over ``fit_step``. Spikes are evaluations
behind the fit whose largest loss of a batch is above ``SPIKE`` times the median of all of them behind the fit.
"""

from __future__ import annotations

import numpy as np
import pandas as pd
import pyarrow as pa

from initscale.figures.reading.all_runs import nullable_table
from initscale.figures.reading.captions import model_words
from initscale.figures.reading.courses import RUN_COLUMNS, courses
from initscale.figures.reading.histories import history_files
from initscale.files.tables import Column

REACHED, SPIKE = 0.99, 10.0
COLUMNS = (
    *RUN_COLUMNS,
    Column("train", "float64", "share", "accuracy on taught equations"),
    Column("test", "float64", "share", "accuracy on the others"),
    Column("max_loss", "float64", "nats", "largest loss of a batch since the evaluation before"),
    Column("weight_norm", "float64", "1", "Euclidean norm of all parameters"),
    Column("fit_step", "float64", "steps", "first evaluation with train >= 0.99; null if none (kind run)"),
    Column("generalize_step", "float64", "steps", "the same of test"),
    Column("delay", "float64", "1", "generalize_step / fit_step; a lower bound where there is no generalize_step"),
    Column("spikes", "float64", "1", "evaluations behind the fit with a batch of a far larger loss (kind run)"),
)
_FROM_HISTORY = {"train": "acc_train", "test": "acc_test", "max_loss": "max_loss", "weight_norm": "weight_norm"}


def inputs(config: dict) -> dict[str, list[str]]:
    """Files that the table is made of."""
    return {"histories": history_files(config, config["figures"]["fig_modular"]["study"])}


def table(config: dict) -> pa.Table:
    """Make the table; see ``COLUMNS``."""
    study = config["figures"]["fig_modular"]["study"]
    spec = config["datasets"][config["studies"][study]["dataset"]]
    frames = []
    for course in courses(config, study, _FROM_HISTORY):
        frames += [course, course.tail(1).assign(kind="run", **milestones(course))]
    words = (
        f"Scale `{config['scale']}`: {spec['operation']} modulo {spec['prime']}, {spec['taught']:.0%} of the equations "
        f"taught; {model_words(config, study)}."
    )
    return nullable_table(COLUMNS, frames, words)


def milestones(course: pd.DataFrame) -> dict[str, float]:
    """``fit_step``, ``generalize_step``, ``delay`` and ``spikes`` of a run; nan where it never gets there."""
    fit, generalize = (_first(course, group) for group in ("train", "test"))
    end = course["step"].iloc[-1] if np.isnan(generalize) else generalize
    behind = course.loc[course["step"] > fit, "max_loss"]  # none if the fit is nan
    spikes = float((behind > SPIKE * behind.median()).sum()) if len(behind) else np.nan
    return {"fit_step": fit, "generalize_step": generalize, "delay": end / fit, "spikes": spikes}


def _first(course: pd.DataFrame, group: str) -> float:
    steps = course.loc[course[group] >= REACHED, "step"]
    return float(steps.iloc[0]) if len(steps) else np.nan
