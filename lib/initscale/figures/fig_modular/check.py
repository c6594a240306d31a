"""Options of fig_modular against its study."""

from __future__ import annotations

from collections.abc import Callable

from initscale.figures.checking import check_single, check_task


def check(config: dict, describe: Callable[..., str]) -> None:
    """A study of modular arithmetic whose runs differ in gamma, weight decay and seed only."""
    study = config["figures"]["fig_modular"]["study"]
    check_task(config, study, "modular", describe("figures", "fig_modular", "study"))
    check_single(config, "fig_modular", study, ("depth", "lr"), describe)
