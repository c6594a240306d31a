"""Table of Fig 11: projections of the item embeddings over gamma and depth."""

from __future__ import annotations

import pyarrow as pa

from initscale.figures.reading.single_runs import COLUMNS, measured_files, projection_table

__all__ = ["COLUMNS", "inputs", "table"]


def inputs(config: dict) -> dict[str, list[str]]:
    """Files that the table is made of."""
    return measured_files(config, "fig11", "embedding")


def table(config: dict) -> pa.Table:
    """Make the table."""
    return projection_table(config, "fig11")
