"""Reading the probes of a study's runs into one table."""

from __future__ import annotations

import pandas as pd

from initscale.grid import study_points
from initscale.paths import Layout
from initscale.storage import read_table


def probe_files(config: dict, study: str, probe: str) -> list[str]:
    """Table of one probe for every run of a study."""
    layout = Layout(config)
    return [layout.probe_file(study, point, probe) for point in study_points(config["studies"][study])]


def read_probes(config: dict, study: str, probe: str, columns: list[str] | None = None) -> pd.DataFrame:
    """Rows of one probe for all runs of a study, with the grid axes as columns (``lr`` as ``lr_peak``)."""
    points = study_points(config["studies"][study])
    frames = []
    for point, path in zip(points, probe_files(config, study, probe), strict=True):
        axes = {"lr_peak" if axis == "lr" else axis: value for axis, value in point.items()}
        frames.append(read_table(path, columns).to_pandas().assign(**axes))
    return pd.concat(frames, ignore_index=True)
