"""Table of fig_change: rank and size of what training adds, for every run; see ``initscale.probes.change``."""

from __future__ import annotations

import pyarrow as pa

from initscale.figures.reading.companions import COLUMNS, companion_files, companion_table

__all__ = ["COLUMNS", "inputs", "table"]


def inputs(config: dict) -> dict[str, list[str]]:
    """Files that the table is made of."""
    return companion_files(config, "fig_change", "change")


def table(config: dict) -> pa.Table:
    """Make the table; see ``COLUMNS``."""
    return companion_table(config, "fig_change", "change", "D(W) = W − c W₀, c: what weight decay leaves of W₀.")
