"""Options of Fig 14 against its study."""

from __future__ import annotations

from collections.abc import Callable

from initscale.errors import ConfigError
from initscale.figures.checking import axis_values, check_single

Describe = Callable[..., str]


def check(config: dict, describe: Describe) -> None:
    """One gamma and depth, both axes with two values or more besides the rows that stand apart."""
    options = config["figures"]["fig14"]
    study = options["study"]
    check_single(config, "fig14", study, ("gamma", "depth"), describe)
    for axis in ("lr", "weight_decay"):
        known = axis_values(config, study, axis)
        apart = options["beyond"] if axis == "weight_decay" else []
        if len(set(known) - set(apart)) < 2:
            raise ConfigError(
                f"the map needs two values of {axis} or more, the study `{study}` has {known or 'no such axis'}",
                where=describe("studies", study, "grid", axis),
            )
    _check_beyond(options["beyond"], axis_values(config, study, "weight_decay"), study, describe)


def _check_beyond(beyond: list[float], known: list[float], study: str, describe: Describe) -> None:
    unknown = [value for value in beyond if value not in known]
    if unknown:
        raise ConfigError(
            f"no run of `{study}` has weight decay {unknown[0]:g} (the grid has {known})",
            where=describe("figures", "fig14", "beyond"),
            hint="add it to the study under `more`, or take it out of the list",
        )
    if beyond and min(beyond) <= max(value for value in known if value not in beyond):
        raise ConfigError(
            f"{beyond} must be larger than every other weight decay of `{study}` (the grid has {known})",
            where=describe("figures", "fig14", "beyond"),
        )
