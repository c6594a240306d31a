"""Table of fig_attention: sharpness and operations of attention, for every run; see ``initscale.probes.attention``."""

from __future__ import annotations

import pyarrow as pa

from initscale.figures.reading.companions import COLUMNS, companion_files, companion_table

__all__ = ["COLUMNS", "inputs", "table"]


def inputs(config: dict) -> dict[str, list[str]]:
    """Files that the table is made of."""
    return companion_files(config, "fig_attention", "attention")


def table(config: dict) -> pa.Table:
    """Make the table; see ``COLUMNS``."""
    words = f"Means over {config['probes']['attention']['sequences']} training sequences."
    return companion_table(config, "fig_attention", "attention", words)
