"""Table of fig_sharpness: curvature and kernel drift at the end of every run; see ``initscale.probes.sharpness``."""

from __future__ import annotations

import pyarrow as pa

from initscale.figures.reading.companions import COLUMNS, companion_files, companion_table

__all__ = ["COLUMNS", "inputs", "table"]


def inputs(config: dict) -> dict[str, list[str]]:
    """Files that the table is made of."""
    return companion_files(config, "fig_sharpness", "sharpness")


def table(config: dict) -> pa.Table:
    """Make the table; see ``COLUMNS``."""
    options = config["probes"]["sharpness"]
    words = (
        f"Hessian of the mean loss of {options['sequences']} training sequences; second moments over "
        f"{options['batches']} batches of {options['batch']}; kernel: {options['draws']} times "
        f"{options['kernel_sequences']} sequences."
    )
    return companion_table(config, "fig_sharpness", "sharpness", words)
