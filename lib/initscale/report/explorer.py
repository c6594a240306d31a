"""Data of the interactive phase diagram, from the tables of the training curves and of Fig 3."""

from __future__ import annotations

import math

import numpy as np
import pandas as pd

_POINTS = 150
"""Evaluations of a run that the page keeps; the first and the last are among them."""
_AXES = ["gamma", "depth", "seed"]
_COURSES = ("loss", "symmetric", "inferential", "seen")


def explorer_data(curves: pd.DataFrame, flows: pd.DataFrame | None, recipe: dict, shade_below: float) -> dict:
    """What the page's script needs.

    Parameters
    ----------
    curves : table ``fig_curves``, of which the runs at the recipe's own rates are shown.
    flows : table ``fig3``, None where it does not exist.
    recipe : the study's recipe; the runs at its learning rate and weight decay are shown.
    shade_below : accuracy on seen pairs under which a cell is shaded.

    Returns
    -------
    ``runs``: one entry per run with gamma, depth, seed, step, loss, symmetric, inferential, seen (lists) and flow
    (entries layer, query, source, value); ``shade_below``; ``first``: place in ``runs`` of the one to show first.
    """
    curves = curves[curves["shown"]] if "shown" in curves else curves
    routes = {} if flows is None else _routes(flows, recipe)
    runs = []
    for axes, run in curves.sort_values([*_AXES, "step"]).groupby(_AXES):
        rows = run.iloc[_thinned(len(run))]
        facts = dict(zip(_AXES, (float(axes[0]), int(axes[1]), int(axes[2])), strict=True))
        courses = {name: [_short(value) for value in rows[name]] for name in _COURSES}
        runs.append(facts | {"step": rows["step"].tolist()} | courses | {"flow": routes.get(axes, [])})
    return {"runs": runs, "shade_below": shade_below, "first": clearest(runs, shade_below)}


def clearest(runs: list[dict], shade_below: float) -> int:
    """Place of the run with the clearest answer to the unseen pair, among those that learned the seen pairs if any did.

    Of equal ones the first that composes, or the first.
    """
    learned = [run for run in runs if (run["seen"][-1] or 0) >= shade_below] or runs
    answers = lambda run: tuple(run[name][-1] or 0.0 for name in ("inferential", "symmetric"))  # noqa: E731
    return runs.index(max(learned, key=lambda run: (max(answers(run)), answers(run)[0])))


def _routes(table: pd.DataFrame, recipe: dict) -> dict[tuple, list]:
    flows = table[table["kind"] == "flow"]
    for axis in ("lr", "weight_decay"):
        flows = flows[flows[axis] == recipe[axis]]
    names = {"layer": "layer", "query_role": "query", "source_role": "source", "value": "value"}
    kept = flows[[*_AXES, *names]].rename(columns=names)
    kept = kept.assign(layer=kept["layer"].astype(int), value=kept["value"].map(_short))
    return {axes: rows[list(names.values())].to_dict("records") for axes, rows in kept.groupby(_AXES)}


def _thinned(rows: int) -> np.ndarray:
    return np.unique(np.linspace(0, rows - 1, min(rows, _POINTS)).round().astype(int))


def _short(value: float) -> float | None:
    """Four significant digits; None for nan, which JSON does not have."""
    return float(f"{value:.4g}") if math.isfinite(value) else None
