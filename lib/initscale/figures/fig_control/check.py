"""Options of fig_control against its study."""

from __future__ import annotations

from collections.abc import Callable

from initscale.errors import ConfigError
from initscale.figures.checking import check_single


def check(config: dict, describe: Callable[..., str]) -> None:
    """Both pairs must be unseen, and runs may differ in gamma, weight decay and seed only."""
    options = config["figures"]["fig_control"]
    study = options["study"]
    unseen = config["datasets"][config["studies"][study]["dataset"]].get("unseen", [])
    for pair in options["pairs"]:
        if pair not in unseen:
            raise ConfigError(
                f"the pair {pair} is not unseen in the data of `{study}` (unseen: {unseen})",
                where=describe("figures", "fig_control", "pairs"),
            )
    check_single(config, "fig_control", study, ("depth", "lr"), describe)
