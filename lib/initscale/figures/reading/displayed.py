"""Which runs of a study a figure displays: gamma, depth, seed and, where they are given, the rates."""

from __future__ import annotations

import itertools

from initscale.errors import ConfigError
from initscale.experiment.grid import Point, study_points

RECIPE_AXES = ("lr", "weight_decay")
PHASES = ("symmetric", "inferential")
AXES = ("gamma", "depth", "seed", "lr", "weight_decay")


def displayed_point(config: dict, study: str, gamma: float, depth: int, seed: int, **rates: float) -> Point:
    """Grid point of a displayed run.

    Where the grid has an axis for the learning rate or the weight decay, it is the recipe's value unless ``rates``
    (``lr``, ``weight_decay``) has another.
    """
    section = config["studies"][study]
    recipe = config["training"][section["training"]]
    own = {axis: recipe[axis] for axis in RECIPE_AXES if axis in section["grid"]}
    return {"gamma": gamma, "depth": depth, "seed": seed, **own, **rates}


def displayed_points(config: dict, figure: str) -> list[Point]:
    """Grid points of all runs that a figure displays, from its section of the configuration.

    The section has ``gammas`` (a list, or a mapping role -> gamma), ``depth`` or ``depths``, and ``seed``; it may have
    ``lrs`` and ``weight_decays``.
    """
    options = config["figures"][figure]
    gammas = options["gammas"]
    gammas = list(gammas.values()) if isinstance(gammas, dict) else gammas
    depths = options["depths"] if "depths" in options else [options["depth"]]
    given = {axis: options[f"{axis}s"] for axis in RECIPE_AXES if f"{axis}s" in options}
    every = [dict(zip(given, values, strict=True)) for values in itertools.product(*given.values())]
    study, seed = options["study"], options["seed"]
    return [
        displayed_point(config, study, g, depth, seed, **rates) for depth in depths for g in gammas for rates in every
    ]


def full_point(config: dict, study: str, point: dict) -> dict:
    """A grid point (or a figure's choice of one) with what it leaves out: the recipe's values, the first seed."""
    section = config["studies"][study]
    default = config["training"][section["training"]] | {"seed": section["grid"]["seed"][0]}
    return {axis: point.get(axis, default.get(axis)) for axis in AXES}


def shown_point(config: dict, study: str, wanted: dict, where: str | None = None) -> Point:
    """The grid point of the run that a figure shows.

    Raises
    ------
    ConfigError if the study's grid has no such run.
    """
    points = list(study_points(config["studies"][study]))
    full = full_point(config, study, wanted)
    for point in points:
        if full_point(config, study, point) == full:
            return point
    words = ", ".join(f"{axis} {full[axis]}" for axis in AXES if axis in points[0])
    known = "; ".join(f"{axis} {sorted({point[axis] for point in points})}" for axis in points[0])
    raise ConfigError(
        f"the study `{study}` has no run with {words} (its grid: {known})",
        where=where,
        hint="show a run of the grid, or add this one to it",
    )


def phase_points(config: dict, figure: str) -> dict[str, Point]:
    """Phase -> the run that ``figure`` shows for it."""
    options = config["figures"][figure]
    return {phase: shown_point(config, options["study"], options[phase]) for phase in PHASES}
