"""Table of Fig 10: condensation of W_Q in layer 1 over gamma and depth."""

from __future__ import annotations

import pyarrow as pa

from initscale.figures.reading.single_runs import COLUMNS, condensation_table, measured_files

__all__ = ["COLUMNS", "inputs", "table"]


def inputs(config: dict) -> dict[str, list[str]]:
    """Files that the table is made of."""
    return measured_files(config, "fig10", "condensation")


def table(config: dict) -> pa.Table:
    """Make the table."""
    return condensation_table(config, "fig10")
