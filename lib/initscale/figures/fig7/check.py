"""Options of Fig 7 against its study."""

from __future__ import annotations

from collections.abc import Callable

from initscale.errors import ConfigError
from initscale.experiment.grid import study_points
from initscale.figures.checking import check_single, check_task


def check(config: dict, describe: Callable[..., str]) -> None:
    """A study of PrOntoQA over sizes, with one weight decay for each gamma."""
    study = config["figures"]["fig7"]["study"]
    check_task(config, study, "prontoqa", describe("figures", "fig7", "study"))
    points = list(study_points(config["studies"][study]))
    for axis in ("size", "weight_decay"):
        if axis not in points[0]:
            raise ConfigError(f"fig7 needs the axis `{axis}`", where=describe("studies", study, "grid"))
    settings = {(point["gamma"], point["weight_decay"]) for point in points}
    if len(settings) != len({gamma for gamma, _ in settings}):
        raise ConfigError(
            f"fig7 shows one weight decay for each gamma, the study `{study}` has {sorted(settings)}",
            where=describe("studies", study, "grid", "weight_decay"),
            hint="give the other setting under `more`",
        )
    check_single(config, "fig7", study, ("depth", "lr"), describe)
