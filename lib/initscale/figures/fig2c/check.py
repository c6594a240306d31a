"""Options of Fig 2c against its studies."""

from __future__ import annotations

from collections.abc import Callable

from initscale.figures.checking import check_single


def check(config: dict, describe: Callable[..., str]) -> None:
    """The studies vary gamma and seed only, or runs of different settings would be averaged."""
    for study in config["figures"]["fig2c"]["studies"]:
        check_single(config, "fig2c", study, ("depth", "lr", "weight_decay"), describe)
