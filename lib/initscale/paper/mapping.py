"""Which gamma stands for one of the paper's at another width, and how much weight decay acts beside the paper's.

The initialization is std = d^-gamma, so the same gamma at another width is another initialization. A study names its
rule before its runs (``studies.<name>.mapped``), and this module computes it:

std       equal standard deviation, d^-gamma' = D^-gamma with D the paper's width: for studies of the phases
relative  equal standard deviation relative to 1/sqrt(d): for studies that compare two initializations of a task

What is computed is rounded to two decimals, as gammas are in folder names.
"""

from __future__ import annotations

import math

from initscale.experiment.durations import parse_time, steps_per_epoch
from initscale.experiment.grid import Point, study_points
from initscale.tasks import load_task

RULES = ("std", "relative")


def mapped_gamma(gamma: float, paper_width: int, width: int, rule: str) -> float:
    """The gamma at ``width`` that stands for the paper's ``gamma`` at ``paper_width``, two decimals.

    >>> [mapped_gamma(gamma, 400, 128, "std") for gamma in (0.5, 0.8)]
    [0.62, 0.99]
    >>> [mapped_gamma(gamma, 768, 64, "relative") for gamma in (0.5, 0.7)]
    [0.5, 0.82]
    """
    stretch = math.log(paper_width) / math.log(width)
    fixed = {"std": 0.0, "relative": 0.5}[rule]
    return round(fixed + (gamma - fixed) * stretch, 2)


def study_gamma(config: dict, study: str, gamma: float, rule: str | None = None) -> float:
    """The same for a study of the configuration; ``rule`` instead of its own."""
    section = config["studies"][study]
    width = config["models"][section["model"]]["d_model"]
    return mapped_gamma(gamma, section["paper"]["width"], width, rule or section["mapped"])


def study_roles(config: dict, study: str) -> dict[str, float]:
    """Role -> gamma at the study's width (``symmetric`` and ``inferential``, ``large`` and ``small``, ...).

    Empty for a study that names no rule.
    """
    section = config["studies"][study]
    roles = section["paper"]["roles"] if "mapped" in section else {}
    return {role: study_gamma(config, study, values["gamma"]) for role, values in roles.items()}


def unmapped_gammas(config: dict, study: str) -> list[float]:
    """Gammas of the study's grid that its rule does not give for any of the paper's; none where it names no rule."""
    section = config["studies"][study]
    if "mapped" not in section:
        return []
    paper = section["paper"]
    published = {values["gamma"] for values in paper["roles"].values()} | set(paper.get("gamma", ()))
    allowed = {study_gamma(config, study, gamma) for gamma in published}
    return sorted({point["gamma"] for point in study_points(section)} - allowed)


def study_steps(config: dict, study: str) -> int:
    """Steps of a run that no early stopping ends, on the study's largest training set."""
    section = config["studies"][study]
    recipe, dataset = config["training"][section["training"]], config["datasets"][section["dataset"]]
    sizes = [point["size"] for point in study_points(section) if "size" in point]
    rows = max(sizes, default=load_task(dataset["task"]).training_rows(dataset))
    per_epoch = steps_per_epoch(rows, recipe["batch"])
    times = [recipe[key] for key in ("duration", "stop_after") if recipe.get(key)]
    return min(parse_time(time, per_epoch) for time in times)


def decay_exposure(weight_decay: float, lr: float, steps: int) -> float:
    """What weight decay does over a training, in natural logarithms of a weight: decay x peak rate x steps.

    >>> round(decay_exposure(0.01, 2.5e-4, 77700), 3)
    0.194
    """
    return weight_decay * lr * steps


def mapping_rows(config: dict) -> list[dict]:
    """One row per study and role that has runs: what the paper has, and what stands for it here.

    Returns
    -------
    Rows with study, role, rule, paper_gamma, gamma (by the study's rule), other_gamma (by the other rule), exposure and
    paper_exposure (see :func:`decay_exposure`; the latter None where the paper does not give rate or steps).
    """
    rows = []
    for study, section in config["studies"].items():
        for role, gamma in study_roles(config, study).items():
            points = [point for point in study_points(section) if point["gamma"] == gamma]
            if points:
                rows.append(_row(config, study, role, points[0]))
    return rows


def _row(config: dict, study: str, role: str, point: Point) -> dict:
    section = config["studies"][study]
    paper, recipe = section["paper"], config["training"][section["training"]]
    values = paper["roles"][role]
    (other,) = (rule for rule in RULES if rule != section["mapped"])
    decay = point.get("weight_decay", recipe["weight_decay"])
    published = "lr" in paper and "steps" in paper
    return {
        "study": study,
        "role": role,
        "rule": section["mapped"],
        "paper_gamma": values["gamma"],
        "gamma": point["gamma"],
        "other_gamma": study_gamma(config, study, values["gamma"], other),
        "exposure": decay_exposure(decay, recipe["lr"], study_steps(config, study)),
        "paper_exposure": decay_exposure(values["weight_decay"], paper["lr"], paper["steps"]) if published else None,
    }
