"""From a study's grid to its runs, and from one run to the facts that determine it."""

from __future__ import annotations

import hashlib
import itertools
import json
from collections.abc import Iterator

AXES = ("gamma", "depth", "size", "lr", "weight_decay", "seed")
"""Axes that a grid can have, in the order in which they stand in folder names; size: training sequences."""

Point = dict[str, float | int]


def study_points(study: dict) -> Iterator[Point]:
    """Yield each grid point of a study once: the main grid first, then those of ``more``.

    A grid under ``more`` is the main grid with some axes replaced, for example ``{gamma: [0.7], seed: [3, 4]}``.
    Points that occur in several grids are trained once.
    """
    axes = [axis for axis in AXES if axis in study["grid"]]
    seen = set()
    for change in [{}, *study.get("more", [])]:
        grid = study["grid"] | change
        for values in itertools.product(*(grid[axis] for axis in axes)):
            if values not in seen:
                seen.add(values)
                yield dict(zip(axes, values, strict=True))


def bundles(study: dict) -> dict[str, list[Point]]:
    """Grid points that one job trains, at most ``study["bundle"]`` of them, all of one gamma and depth.

    So a gamma or depth that is added later leaves every other bundle as it is. Each has a name that is read in
    SLURM's queue: ``gamma0.50_depth2_0`` is the first bundle of that gamma and depth.
    """
    together: dict[tuple, list[Point]] = {}
    for point in study_points(study):
        together.setdefault((point["gamma"], point["depth"]), []).append(point)
    size = study["bundle"]
    return {
        f"gamma{gamma:.2f}_depth{depth}_{number}": points[number * size : (number + 1) * size]
        for (gamma, depth), points in together.items()
        for number in range(-(-len(points) // size))
    }


def cpus(config: dict, runs: int) -> int:
    """CPUs that a job with several trainings needs: threads x trainings at a time."""
    execution = config["execution"]
    together = min(execution["processes"], runs) if execution["device"] == "cpu" else 1
    return execution["threads"] * together


def run_facts(config: dict, study_name: str, point: Point) -> dict:
    """Everything that determines the result of one training, and nothing else.

    Two runs with equal facts and equal data give equal weights (on one machine, at one thread count).
    Where results are kept, which device computes them and how often they are saved are not facts.
    """
    study = config["studies"][study_name]
    model = json.loads(json.dumps(config["models"][study["model"]]))
    recipe = dict(config["training"][study["training"]])
    model["depth"], model["init"]["gamma"] = int(point["depth"]), float(point["gamma"])
    for axis in ("lr", "weight_decay"):
        if axis in point:
            recipe[axis] = float(point[axis])
    return {
        "dataset": config["datasets"][study["dataset"]],
        "model": model,
        "training": recipe,
        "evaluation": evaluation_of(config, study),
        "seed": int(point["seed"]),
        **({"size": int(point["size"])} if "size" in point else {}),
        **({"init_from": run_facts(config, *start)} if (start := start_of(config, study, point)) else {}),
    }


def start_of(config: dict, study: dict, point: Point) -> tuple[str, Point] | None:
    """Study and grid point of the run whose final weights a run starts from: that of its seed; None if from scratch."""
    if "init_from" not in study:
        return None
    source = study["init_from"]["study"]
    return source, next(known for known in study_points(config["studies"][source]) if known["seed"] == point["seed"])


def studies_of(options: dict) -> list[str]:
    """Studies that a figure shows, from its options; first the one that it is about."""
    named = [options["study"]] if "study" in options else options.get("studies", [])
    return [*named, *([options["growth"]] if "growth" in options else [])]


def needed_studies(config: dict, figure: str) -> list[str]:
    """Studies that a figure shows, and those whose final weights these start from."""
    shown = studies_of(config["figures"][figure])
    sources = [config["studies"][study].get("init_from", {}).get("study") for study in shown]
    return list(dict.fromkeys([*shown, *filter(None, sources)]))


def evaluation_of(config: dict, study: dict) -> dict:
    """The section ``evaluation`` with the study's own values on top."""
    return {**config["evaluation"], **study.get("evaluation", {})}


def facts_hash(facts: dict) -> str:
    """SHA-256 of the facts in canonical JSON (sorted keys, no blanks)."""
    text = json.dumps(facts, sort_keys=True, separators=(",", ":"), allow_nan=False)
    return hashlib.sha256(text.encode()).hexdigest()
