"""Whether a model gives an unseen pair and its mirror the same answer (arXiv 2501.08537)."""

from __future__ import annotations

from collections.abc import Callable

from initscale.probes.checking import check_sequences

NEEDS = ("anchor_pairs",)


def check(config: dict, study: str, describe: Callable[..., str]) -> None:
    """Its pair must be unseen in the data."""
    check_sequences(config, study, describe, "commutativity")
