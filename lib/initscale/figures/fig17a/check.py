"""Options of Fig 17a against its studies."""

from __future__ import annotations

from collections.abc import Callable

from initscale.errors import ConfigError
from initscale.figures.checking import task_of


def check(config: dict, describe: Callable[..., str]) -> None:
    """Studies of sums, all on one data set."""
    studies, where = config["figures"]["fig17a"]["studies"], describe("figures", "fig17a", "studies")
    for study in studies:
        if task_of(config, study) != "addition":
            task = task_of(config, study)
            raise ConfigError(f"the study `{study}` is on the task `{task}`, not on sums", where=where)
    datasets = {config["studies"][study]["dataset"] for study in studies}
    if len(datasets) > 1:
        raise ConfigError(f"the studies have different data sets: {', '.join(sorted(datasets))}", where=where)
