"""Fig 2a,b: accuracy on the unseen pair over gamma and depth, under the symmetric and the inferential mapping."""

from __future__ import annotations

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import pyarrow as pa
import seaborn as sns
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle

from initscale.figures.style import add_caption

NEEDS = ("version", "mapping", "gamma", "embedding_std", "depth", "accuracy", "seen_accuracy")
_TITLES = {"symmetric": "(a) symmetric mapping", "inferential": "(b) inferential mapping"}
_RULES = {
    "last": "Last evaluation, one learning rate.",
    "best": "Best over learning rates and evaluations, for each mapping separately (the paper's rule).",
}


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
    bar = figure.colorbar(axes[1].collections[0], ax=axes, shrink=0.9, pad=0.02)
    bar.set_label("accuracy on\nthe unseen pair")
    bar.outline.set_visible(False)
    shading = f"Hatched: accuracy on seen pairs (test keys) below {options['shade_below']:.0%}."
    add_caption(figure, table, f"{_RULES[version]} {shading}")
    return figure


def _panel(axis: Axes, data: pd.DataFrame, options: dict) -> None:
    means = data.groupby(["depth", "gamma"])[["accuracy", "seen_accuracy"]].mean().reset_index()
    accuracy = means.pivot(index="depth", columns="gamma", values="accuracy").sort_index(ascending=False)
    seen = means.pivot(index="depth", columns="gamma", values="seen_accuracy").sort_index(ascending=False)
    sns.heatmap(
        accuracy,
        ax=axis,
        vmin=0,
        vmax=1,
        cmap=options["accuracy_map"],
        annot=True,
        fmt=".2f",
        annot_kws={"fontsize": plt.rcParams["font.size"] - 2},
        cbar=False,
        linewidths=0.6,
        linecolor="white",
    )
    for row, column in np.argwhere(seen.to_numpy() < options["shade_below"]):
        cell = {"xy": (column, row), "width": 1, "height": 1, "linewidth": 0}
        axis.add_patch(Rectangle(**cell, facecolor="white", alpha=0.55, zorder=1.5))
        axis.add_patch(Rectangle(**cell, fill=False, hatch="////", edgecolor="0.6", zorder=1.6))
    for text in axis.texts:
        row, column = int(text.get_position()[1]), int(text.get_position()[0])
        if seen.to_numpy()[row, column] < options["shade_below"]:
            text.set(color="black", bbox={"facecolor": "white", "edgecolor": "none", "pad": 1, "alpha": 0.8})
    axis.set_xticklabels([f"{gamma:.2g}" for gamma in accuracy.columns], rotation=0)
    axis.set_yticklabels([str(depth) for depth in accuracy.index], rotation=0)
    axis.set_xlabel(r"initialization rate $\gamma$")
    _std_axis(axis, data)


def _std_axis(axis: Axes, data: pd.DataFrame) -> None:
    """A second x axis on top: the standard deviation of the embedding, d_model^-gamma."""
    std = data.groupby("gamma")["embedding_std"].first().sort_index()
    top = axis.secondary_xaxis("top")
    top.set_xticks(np.arange(len(std)) + 0.5, [f"{value:.2g}" for value in std])
    top.set_xlabel(r"initial std $d_\mathrm{model}^{-\gamma}$", labelpad=9)
    top.tick_params(length=0)
    top.spines[:].set_visible(False)
