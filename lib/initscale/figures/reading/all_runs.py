"""The values of all runs of a study, with their place in the grid."""

from __future__ import annotations

from collections.abc import Sequence

import pandas as pd
import pyarrow as pa

from initscale.experiment.grid import study_points
from initscale.figures.reading.displayed import AXES, PHASES, full_point
from initscale.figures.reading.phases import phases
from initscale.figures.reading.probe_files import probe_files
from initscale.files.storage import read_table
from initscale.files.tables import Column, make_table

GRID_COLUMNS = (
    Column("gamma", "float64", "1", "initialization rate of the run"),
    Column("depth", "int64", "layers", "number of layers of the run"),
    Column("seed", "int64", "", "seed of initial weights and batch order of the run"),
    Column("lr", "float64", "1", "peak learning rate of the run"),
    Column("weight_decay", "float64", "1", "AdamW's weight decay of the run"),
)


def all_runs(config: dict, study: str, probe: str, kinds: Sequence[str] | None = None) -> pd.DataFrame:
    """Rows of a probe for all runs of a study, with ``GRID_COLUMNS``; ``kinds`` keeps some values of ``kind``."""
    points = study_points(config["studies"][study])
    frames = []
    for point, path in zip(points, probe_files(config, study, probe), strict=True):
        rows = read_table(path).to_pandas()
        rows = rows if kinds is None else rows[rows["kind"].isin(kinds)]
        frames.append(rows.assign(**full_point(config, study, point)))
    return pd.concat(frames, ignore_index=True)


def unseen_accuracies(config: dict, study: str) -> pd.DataFrame:
    """Accuracy of every run on the unseen pair, as trained: ``GRID_COLUMNS``, ``mapping``, ``value`` and ``n``.

    A figure that calls a run symmetric or inferential prints it, so that the name can be checked.
    """
    rows = all_runs(config, study, "circuits")
    plain = rows[(rows["group"] == "unseen") & (rows["path"] == "none") & rows["measure"].isin(PHASES)]
    return plain.rename(columns={"measure": "mapping"})[[*AXES, "mapping", "value", "n"]]


def run_phases(config: dict, study: str) -> pd.Series:
    """Phase of every run of a study (``reading.phases``), from its answers as trained; index ``AXES``."""
    rows = all_runs(config, study, "circuits")
    plain = rows[rows["path"] == "none"]
    seen = plain[(plain["group"] == "seen") & (plain["measure"] == "taught")].set_index(list(AXES))["value"]
    answers = unseen_accuracies(config, study).pivot(index=list(AXES), columns="mapping", values="value")
    figures = config["figures"]
    return phases(answers.assign(seen=seen), figures["fig2"]["shade_below"], figures["fig_circuits"]["answered"])


def of_run(rows: pd.DataFrame, point: dict) -> pd.DataFrame:
    """Rows of one run, or of all runs that agree in the axes that ``point`` has."""
    return rows[(rows[list(point)] == pd.Series(point)).all(axis=1)]


def nullable_table(columns: Sequence[Column], frames: Sequence[pd.DataFrame], caption: str) -> pa.Table:
    """One table of several kinds of rows; a column that a kind does not have is null there."""
    rows = pd.concat([frame.reindex(columns=[c.name for c in columns]).astype(object) for frame in frames])
    types = {"int64": "Int64", "float64": "Float64", "string": "string", "bool": "boolean"}
    found = make_table(columns, {c.name: rows[c.name].astype(types[c.dtype]) for c in columns})
    return found.replace_schema_metadata({"caption": caption})
