"""Options of Fig 12."""

from __future__ import annotations

from collections.abc import Callable

from initscale.errors import ConfigError


def check(config: dict, describe: Callable[..., str]) -> None:
    """The gamma that is followed over time is a displayed one."""
    options = config["figures"]["fig12"]
    if options["over_time"] not in options["gammas"]:
        raise ConfigError(
            f"{options['over_time']} is not one of the displayed gammas {options['gammas']}",
            where=describe("figures", "fig12", "over_time"),
        )
