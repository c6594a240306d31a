"""In how many directions a layer tells the classes apart: LiDAR (arXiv 2312.04000)."""

from __future__ import annotations

from collections.abc import Callable

from initscale.probes.checking import check_sequences

NEEDS = ("anchor_pairs",)


def check(config: dict, study: str, describe: Callable[..., str]) -> None:
    """Its pairs, keys and positions must exist in the data."""
    check_sequences(config, study, describe, "lidar")
