"""Could a reward turn a run's answer? Vanishing policy gradients (arXiv 2310.20703) on the unseen pair."""

from __future__ import annotations

from collections.abc import Callable

from initscale.probes.checking import check_sequences

NEEDS = ("anchor_pairs",)


def check(config: dict, study: str, describe: Callable[..., str]) -> None:
    """Its pairs, keys and positions must exist in the data."""
    check_sequences(config, study, describe, "reward")
