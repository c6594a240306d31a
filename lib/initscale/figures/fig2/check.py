"""Options of Fig 2 against its study."""

from __future__ import annotations

from collections.abc import Callable

from initscale.errors import ConfigError
from initscale.figures.checking import check_single


def check(config: dict, describe: Callable[..., str]) -> None:
    """One weight decay and size, and the recipe's rate in the grid."""
    study = config["figures"]["fig2"]["study"]
    section = config["studies"][study]
    check_single(config, "fig2", study, ("weight_decay", "size"), describe)
    rates, lr = section["grid"].get("lr"), config["training"][section["training"]]["lr"]
    if rates is not None and lr not in rates:
        raise ConfigError(
            f"the recipe's rate {lr} is not in the study's grid {rates}, so there is no `last epoch, one rate` value",
            where=describe("training", section["training"], "lr"),
        )
