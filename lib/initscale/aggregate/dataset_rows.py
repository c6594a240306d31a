"""Reading generated data for the schematic figures."""

from __future__ import annotations

import pandas as pd

from initscale.paths import SPLITS, Layout
from initscale.storage import read_table


def data_files(config: dict, dataset: str) -> list[str]:
    """Parquet files of a data set, one per split."""
    files = Layout(config).data_files(dataset)
    return [files[split] for split in SPLITS]


def read_splits(config: dict, dataset: str) -> dict[str, pd.DataFrame]:
    """Rows of every split."""
    paths = zip(SPLITS, data_files(config, dataset), strict=True)
    return {split: read_table(path).to_pandas() for split, path in paths}
