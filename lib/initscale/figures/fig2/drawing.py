"""Fig 2a,b: accuracy on the unseen pair over gamma and depth, under the symmetric and the inferential mapping."""

from __future__ import annotations

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import pyarrow as pa
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from initscale.figures.panels.accuracy_map import accuracy_bar, accuracy_map, hatching_words, std_axis
from initscale.figures.panels.style import add_caption

NEEDS = ("version", "mapping", "gamma", "embedding_std", "depth", "accuracy", "seen_accuracy", "lr")
_TITLES = {"symmetric": "(a) symmetric mapping", "inferential": "(b) inferential mapping"}
_RULES = {
    "last": "Last evaluation, one learning rate.",
    "best": "Best over learning rates and evaluations, for each mapping separately (the paper's rule).",
}
_ONE_RATE = "Best over evaluations, for each mapping separately (the paper's rule, but with one learning rate)."


def draw(table: pa.Table, options: dict) -> dict[str, Figure]:
    """Draw both versions: ``fig2`` (last evaluation, one rate) and ``fig2_best`` (the paper's best-of rule)."""
    data = table.to_pandas()
    stems = {"last": "fig2", "best": "fig2_best"}
    return {stem: _one_version(table, data[data["version"] == v], v, options) for v, stem in stems.items()}


def _one_version(table: pa.Table, data: pd.DataFrame, version: str, options: dict) -> Figure:
    gammas, depths = sorted(data["gamma"].unique()), sorted(data["depth"].unique())
    size = (3.0 + 0.95 * len(gammas), 1.5 + 0.4 * len(depths))
    figure, axes = plt.subplots(1, 2, figsize=size, sharey=True, layout="constrained")
    for axis, mapping in zip(axes, _TITLES, strict=True):
        _panel(axis, data[data["mapping"] == mapping], options)
        axis.set_title(_TITLES[mapping], loc="left", pad=8)
    axes[0].set_ylabel("depth (layers)")
    axes[1].set_ylabel("")
    accuracy_bar(figure, axes[1], axes)
    one_rate = version == "best" and table.column("lr").to_pandas().nunique() == 1
    add_caption(figure, table, f"{_ONE_RATE if one_rate else _RULES[version]} {hatching_words(options)}")
    return figure


def _panel(axis: Axes, data: pd.DataFrame, options: dict) -> None:
    accuracy = accuracy_map(axis, data, "depth", "gamma", options)
    axis.set_xticklabels([f"{gamma:.2g}" for gamma in accuracy.columns], rotation=0)
    axis.set_yticklabels([str(depth) for depth in accuracy.index], rotation=0)
    axis.set_xlabel(r"initialization rate $\gamma$")
    std_axis(axis, np.arange(len(accuracy.columns)) + 0.5, data)
