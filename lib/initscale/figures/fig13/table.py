"""Table of Fig 13: singular values of every linear layer."""

from __future__ import annotations

import pyarrow as pa

from initscale.figures.reading.single_runs import COLUMNS, measured_files, measured_rows, measured_table

__all__ = ["COLUMNS", "inputs", "table"]


def inputs(config: dict) -> dict[str, list[str]]:
    """Files that the table is made of."""
    return measured_files(config, "fig13", "spectra")


def table(config: dict) -> pa.Table:
    """Make the table; scores are those of every run."""
    options = config["figures"]["fig13"]
    frames = [measured_rows(config, "fig13", "spectra", ("singular_value",))]
    words = f"Depth {options['depth']}, seed {options['seed']}. Stable rank: |W|_F² / |W|_2²."
    return measured_table(config, "fig13", frames, words)
