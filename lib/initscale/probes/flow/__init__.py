"""Where information flows: attention between key, anchors and last token (Fig 3a,c)."""

from __future__ import annotations

from collections.abc import Callable

from initscale.probes.checking import check_sequences

NEEDS = ("anchor_pairs",)


def check(config: dict, study: str, describe: Callable[..., str]) -> None:
    """Its pairs, keys and positions must exist in the data."""
    check_sequences(config, study, describe, "flow")
