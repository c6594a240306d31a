"""Options of Fig 17b against its studies."""

from __future__ import annotations

from collections.abc import Callable

from initscale.figures.checking import check_single, check_task


def check(config: dict, describe: Callable[..., str]) -> None:
    """Studies of the task text that vary gamma and seed only."""
    for study in config["figures"]["fig17b"]["studies"]:
        check_task(config, study, "text", describe("figures", "fig17b", "studies"))
        check_single(config, "fig17b", study, ("depth", "lr", "weight_decay", "size"), describe)
