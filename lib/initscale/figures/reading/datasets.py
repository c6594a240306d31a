"""Reading generated data for the schematic figures."""

from __future__ import annotations

import pandas as pd

from initscale.experiment.paths import Layout
from initscale.files.storage import read_table


def data_files(config: dict, dataset: str) -> list[str]:
    """Parquet files of a data set, one per split."""
    return list(_by_split(config, dataset).values())


def read_splits(config: dict, dataset: str) -> dict[str, pd.DataFrame]:
    """Rows of every split."""
    return {split: read_table(path).to_pandas() for split, path in _by_split(config, dataset).items()}


def _by_split(config: dict, dataset: str) -> dict[str, str]:
    return {split: path for split, path in Layout(config).data_files(dataset).items() if split != "info"}
