"""Table of fig_lidar: directions that tell the classes apart, for every run; see ``initscale.probes.lidar``."""

from __future__ import annotations

import pyarrow as pa

from initscale.figures.reading.companions import COLUMNS, companion_files, companion_table

__all__ = ["COLUMNS", "inputs", "table"]


def inputs(config: dict) -> dict[str, list[str]]:
    """Files that the table is made of."""
    return companion_files(config, "fig_lidar", "lidar")


def table(config: dict) -> pa.Table:
    """Make the table; see ``COLUMNS``."""
    options = config["probes"]["lidar"]
    words = (
        f"Classes: trained anchor pairs with {options['keys']} keys, {options['contexts']} contexts each; "
        f"delta = {options['delta']:g}, which decides LiDAR where the noise within a class is small."
    )
    return companion_table(config, "fig_lidar", "lidar", words)
