"""Which paths a model needs: accuracy when attention along chosen paths is blocked (beyond the paper)."""

from __future__ import annotations

from collections.abc import Callable

from initscale.probes.checking import check_sequences

NEEDS = ("anchor_pairs",)


def check(config: dict, study: str, describe: Callable[..., str]) -> None:
    """Its pairs, keys and positions must exist in the data."""
    check_sequences(config, study, describe, "circuits")
