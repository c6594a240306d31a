"""Spectra: of the item embeddings, now and while they grew, and of every linear layer (Figs 12 and 13)."""

from __future__ import annotations

from collections.abc import Callable

from initscale.errors import ConfigError

NEEDS = ("item_values",)


def check(config: dict, study: str, describe: Callable[..., str]) -> None:
    """The eigenvalues that are followed must exist."""
    section = config["studies"][study]
    low, high = config["datasets"][section["dataset"]]["values"]
    most = min(high - low + 1, config["models"][section["model"]]["d_model"])
    ranks = config["probes"]["spectra"]["ranks"]
    if ranks != sorted(ranks) or ranks[-1] > most:
        raise ConfigError(
            f"{ranks} must ascend and not exceed the number of eigenvalues in the study `{study}`, {most}",
            where=describe("probes", "spectra", "ranks"),
        )
