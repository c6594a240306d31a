"""Options of Fig 6 against its studies."""

from __future__ import annotations

from collections.abc import Callable

from initscale.errors import ConfigError
from initscale.figures.checking import axis_values, task_of

TASKS = ("scan", "cogs")


def check(config: dict, describe: Callable[..., str]) -> None:
    """Studies of SCAN and COGS over sizes, each size of a task once."""
    studies, where = config["figures"]["fig6"]["studies"], describe("figures", "fig6", "studies")
    tasks = [task_of(config, study) for study in studies]
    for study, task in zip(studies, tasks, strict=True):
        if task not in TASKS:
            raise ConfigError(f"the study `{study}` is on the task `{task}`, not on one of {TASKS}", where=where)
        if "size" not in config["studies"][study]["grid"]:
            raise ConfigError("fig6 needs the axis `size`", where=describe("studies", study, "grid"))
    for task in TASKS:
        same = [study for study, its_task in zip(studies, tasks, strict=True) if its_task == task]
        sizes = [size for study in same for size in axis_values(config, study, "size")]
        twice = sorted({size for size in sizes if sizes.count(size) > 1})
        if twice:
            raise ConfigError(
                f"{' and '.join(f'`{study}`' for study in same)} both have {twice[0]} samples, one point of a curve",
                where=where,
            )
