"""Rules between the figures on realistic tasks (Figs 6 and 17a) and their studies, checked before anything runs."""

from __future__ import annotations

from collections.abc import Callable

from initscale.errors import ConfigError
from initscale.figures.checking import axis_values

FIG6_TASKS = ("scan", "cogs")


def check_realistic(config: dict, describe: Callable[..., str]) -> None:
    """Raise ``ConfigError`` if Fig 6 or 17a, where a scale has it, names a study that it cannot show.

    Parameters
    ----------
    config, describe : see ``initscale.config.checks.check_consistency``.
    """
    if "fig6" in config["figures"]:
        _check_fig6(config, describe)
    if "fig17a" in config["figures"]:
        _check_fig17a(config, describe)


def _check_fig6(config: dict, describe: Callable[..., str]) -> None:
    studies, where = config["figures"]["fig6"]["studies"], describe("figures", "fig6", "studies")
    tasks = [_task(config, study) for study in studies]
    for study, task in zip(studies, tasks, strict=True):
        if task not in FIG6_TASKS:
            raise ConfigError(f"the study `{study}` is on the task `{task}`, not on one of {FIG6_TASKS}", where=where)
        if "size" not in config["studies"][study]["grid"]:
            raise ConfigError("fig6 needs the axis `size`", where=describe("studies", study, "grid"))
    for task in FIG6_TASKS:
        same = [study for study, its_task in zip(studies, tasks, strict=True) if its_task == task]
        sizes = [size for study in same for size in axis_values(config, study, "size")]
        twice = sorted({size for size in sizes if sizes.count(size) > 1})
        if twice:
            raise ConfigError(
                f"{' and '.join(f'`{study}`' for study in same)} both have {twice[0]} samples, one point of a curve",
                where=where,
            )


def _check_fig17a(config: dict, describe: Callable[..., str]) -> None:
    studies, where = config["figures"]["fig17a"]["studies"], describe("figures", "fig17a", "studies")
    for study in studies:
        if _task(config, study) != "addition":
            raise ConfigError(f"the study `{study}` is on the task `{_task(config, study)}`, not on sums", where=where)
    datasets = {config["studies"][study]["dataset"] for study in studies}
    if len(datasets) > 1:
        raise ConfigError(f"the studies have different data sets: {', '.join(sorted(datasets))}", where=where)


def _task(config: dict, study: str) -> str:
    return config["datasets"][config["studies"][study]["dataset"]]["task"]
