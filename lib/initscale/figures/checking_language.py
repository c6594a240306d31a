"""Rules between Figs 7 and 17b and their studies, checked before anything runs."""

from __future__ import annotations

from collections.abc import Callable

from initscale.errors import ConfigError
from initscale.experiment.grid import study_points
from initscale.figures.checking import check_single

Describe = Callable[..., str]


def check_language_figures(config: dict, describe: Describe) -> None:
    """Raise ``ConfigError`` if Fig 7 or 17b, where a scale has them, is given a study that it cannot draw.

    Parameters
    ----------
    config, describe : see ``initscale.config.checks.check_consistency``.
    """
    figures = config["figures"]
    if "fig7" in figures:
        _check_fig7(config, figures["fig7"]["study"], describe)
    for study in figures.get("fig17b", {}).get("studies", ()):
        _check_task(config, study, "text", describe("figures", "fig17b", "studies"))
        check_single(config, "fig17b", study, ("depth", "lr", "weight_decay", "size"), describe)


def _check_fig7(config: dict, study: str, describe: Describe) -> None:
    _check_task(config, study, "prontoqa", describe("figures", "fig7", "study"))
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


def _check_task(config: dict, study: str, task: str, where: str) -> None:
    found = config["datasets"][config["studies"][study]["dataset"]]["task"]
    if found != task:
        raise ConfigError(f"`{study}` is a study of the task `{found}`, not of `{task}`", where=where)
