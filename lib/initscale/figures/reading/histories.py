"""Reading the runs of a study into one table."""

from __future__ import annotations

import pandas as pd

from initscale.experiment.grid import AXES, study_points
from initscale.experiment.paths import Layout
from initscale.files.storage import read_table
from initscale.tasks.anchor.definition import INFERENTIAL, SYMMETRIC, answer_name


def history_files(config: dict, study: str) -> list[str]:
    """history.parquet of every run of a study."""
    return [f"{folder}/history.parquet" for folder in Layout(config).run_folders(study)]


def record_files(config: dict, study: str) -> list[str]:
    """run.json of every run of a study."""
    return [f"{folder}/run.json" for folder in Layout(config).run_folders(study)]


def read_histories(config: dict, study: str, columns: list[str]) -> pd.DataFrame:
    """Rows of all histories of a study, with the grid axes as columns.

    ``lr_peak`` is the run's peak learning rate, whether or not the grid has the axis ``lr``.
    """
    section = config["studies"][study]
    frames = []
    for point, path in zip(study_points(section), history_files(config, study), strict=True):
        recipe_lr = config["training"][section["training"]]["lr"]
        facts = {**point, "lr_peak": point.get("lr", recipe_lr)}
        facts.pop("lr", None)
        frames.append(read_table(path, columns).to_pandas().assign(**facts))
    return pd.concat(frames, ignore_index=True)


def answer_columns(options: dict) -> dict[str, str]:
    """Mapping -> column of a history, for the unseen pair and the split of keys that a figure's options name."""
    names = {mapping: answer_name(options["unseen"], mapping, options["keys"]) for mapping in (SYMMETRIC, INFERENTIAL)}
    return {mapping: f"acc_{name}" for mapping, name in names.items()}


def last_rows(rows: pd.DataFrame) -> pd.DataFrame:
    """The last row of every run's history; ``rows`` as ``read_histories`` gives them, with the column ``step``."""
    axes = [name for name in rows.columns if name in (*AXES, "lr_peak")]
    return rows.loc[rows.groupby(axes)["step"].idxmax()]
