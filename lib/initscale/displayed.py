"""Which runs of a study the figures of single runs display: by gamma, depth and seed, at the recipe's own rates."""

from __future__ import annotations

from initscale.grid import Point

RECIPE_AXES = ("lr", "weight_decay")


def displayed_point(config: dict, study: str, gamma: float, depth: int, seed: int) -> Point:
    """Grid point of a displayed run.

    Where the grid has an axis for the learning rate or the weight decay, it is the recipe's value.
    """
    section = config["studies"][study]
    recipe = config["training"][section["training"]]
    rates = {axis: recipe[axis] for axis in RECIPE_AXES if axis in section["grid"]}
    return {"gamma": gamma, "depth": depth, "seed": seed, **rates}


def displayed_points(config: dict, figure: str) -> list[Point]:
    """Grid points of all runs that a figure displays, from its section of the configuration.

    The section has ``gammas`` (a list, or a mapping role -> gamma), ``depth`` or ``depths``, and ``seed``.
    """
    options = config["figures"][figure]
    gammas = options["gammas"]
    gammas = list(gammas.values()) if isinstance(gammas, dict) else gammas
    depths = options["depths"] if "depths" in options else [options["depth"]]
    return [displayed_point(config, options["study"], g, depth, options["seed"]) for depth in depths for g in gammas]
