"""Which runs of a study the figures of single runs display: gamma, depth, seed and, where they are given, the rates."""

from __future__ import annotations

import itertools

from initscale.experiment.grid import Point

RECIPE_AXES = ("lr", "weight_decay")


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
