"""Options of the figure against its study."""

from __future__ import annotations

from initscale.figures.checking import check_task


def check(config: dict, describe) -> None:
    check_task(config, config["figures"]["fig_modadd"]["study"], "modadd", describe("figures", "fig_modadd", "study"))
