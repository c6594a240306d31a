"""Table of fig_reward: gradients of a reward for the composed answer, of every run; see ``initscale.probes.reward``."""

from __future__ import annotations

import pyarrow as pa

from initscale.figures.reading.companions import COLUMNS, companion_files, companion_table

__all__ = ["COLUMNS", "inputs", "table"]


def inputs(config: dict) -> dict[str, list[str]]:
    """Files that the table is made of."""
    return companion_files(config, "fig_reward", "reward")


def table(config: dict) -> pa.Table:
    """Make the table; see ``COLUMNS``."""
    options = config["probes"]["reward"]
    words = (
        f"Reward: 1 for the composed answer to the pair ({options['unseen'][0]},{options['unseen'][1]}), "
        f"{options['keys']} keys; vanishing: standard deviation below {options['std_below']:g} and p < 0.5."
    )
    return companion_table(config, "fig_reward", "reward", words)
