"""Complexity control (companion, arXiv 2501.08537): initialization and weight decay decide together."""

from __future__ import annotations

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import pyarrow as pa
import seaborn as sns
from matplotlib.axes import Axes
from matplotlib.colors import LogNorm
from matplotlib.figure import Figure

from initscale.figures.panels.accuracy_map import accuracy_bar, accuracy_map, hatching_words
from initscale.figures.panels.style import FAINT, INK, NOISE, add_caption

NEEDS = (
    "kind", "gamma", "weight_decay", "accuracy", "seen_accuracy", "commutativity", "rank_ffn", "rank_query",
    "without_key_to_anchors",
)  # fmt: skip
_MARKS = "osD^vP"


def draw(table: pa.Table, options: dict) -> dict[str, Figure]:
    """Above: the published map, ours, and the stable rank. Below: accuracy against rank, commutativity and knockout."""
    data = table.to_pandas()
    runs = data[data["kind"] == "run"].astype({name: float for name in NEEDS[1:]})
    published = data[data["kind"] == "published"].astype({"accuracy": float}).assign(seen_accuracy=1.0)
    figure, axes = plt.subplots(2, 3, figsize=(10.5, 6.0), layout="constrained")
    for axis, rows, title in zip(axes[0], (published, runs), ("(a) published", "(b) composed answers"), strict=False):
        _ticks(axis, accuracy_map(axis, rows, "weight_decay", "gamma", options), title)
    accuracy_bar(figure, axes[0, 1], [axes[0, 0], axes[0, 1]])
    _rank_map(figure, axes[0, 2], runs)
    _scatter(axes[1, 0], runs, "rank_ffn", "(d) against complexity", "stable rank, feed-forward 1")
    axes[1, 0].set(xscale="log", xlim=(0.9, 1.1 * runs["rank_ffn"].max()))
    axes[1, 0].xaxis.set_major_formatter("{x:g}")
    axes[1, 0].xaxis.set_minor_formatter("")
    _scatter(axes[1, 1], runs, "commutativity", "(e) against commutativity", "same answer to both pairs")
    _scatter(axes[1, 2], runs, "without_key_to_anchors", "(f) with a route blocked", "no anchor may read the key")
    axes[1, 2].plot([0, 1], [0, 1], color=FAINT, linewidth=0.8, linestyle=":")
    axes[1, 0].set_ylabel("composed answers")
    _legend(figure, axes[1, 2], runs)
    add_caption(figure, table, f"{hatching_words(options)} {_WORDS}")
    return {"fig_control": figure}


def _ticks(axis: Axes, cells: pd.DataFrame, title: str) -> None:
    axis.set_xticklabels([f"{gamma:g}" for gamma in cells.columns], rotation=0)
    axis.set_yticklabels([f"{decay:g}" for decay in cells.index], rotation=0)
    axis.set_title(title, loc="left")
    axis.set(xlabel=r"initialization rate $\gamma$", ylabel="weight decay")


def _rank_map(figure: Figure, axis: Axes, runs: pd.DataFrame) -> None:
    ranks = runs.pivot_table(index="weight_decay", columns="gamma", values="rank_ffn").sort_index(ascending=False)
    small = plt.rcParams["font.size"] - 2
    look = {"annot": True, "fmt": ".1f", "annot_kws": {"fontsize": small}, "linewidths": 0.6, "linecolor": "white"}
    sns.heatmap(ranks, ax=axis, norm=LogNorm(1, max(2.0, np.nanmax(ranks))), cmap="mako_r", cbar=False, **look)
    _ticks(axis, ranks, "(c) stable rank, feed-forward 1")
    bar = figure.colorbar(axis.collections[0], ax=axis, shrink=0.9, pad=0.02, format="%g")
    bar.ax.yaxis.set_minor_formatter("")
    bar.outline.set_visible(False)


def _scatter(axis: Axes, runs: pd.DataFrame, column: str, title: str, label: str) -> None:
    """A dot per run: its mark is the gamma, its shade the weight decay; grey where seen pairs are not learnt."""
    for gamma, mark in zip(sorted(runs["gamma"].unique()), _MARKS, strict=False):
        for decay, colour in _shades(runs).items():
            rows = runs[(runs["gamma"] == gamma) & (runs["weight_decay"] == decay)]
            look = {"markersize": 4.5, "linestyle": "", "markeredgecolor": INK, "markeredgewidth": 0.4}
            learnt = rows["seen_accuracy"] >= 0.9
            axis.plot(rows.loc[learnt, column], rows.loc[learnt, "accuracy"], mark, color=colour, **look)
            axis.plot(rows.loc[~learnt, column], rows.loc[~learnt, "accuracy"], mark, color=NOISE, **look)
    axis.set_title(title, loc="left")
    axis.set(xlabel=label, ylim=(-0.04, 1.04), xlim=(-0.04, 1.04))
    axis.spines[["top", "right"]].set_visible(False)


def _shades(runs: pd.DataFrame) -> dict:
    decays = sorted(runs["weight_decay"].unique())
    return dict(zip(decays, plt.get_cmap("plasma")(np.linspace(0.0, 0.85, len(decays))), strict=True))


def _legend(figure: Figure, axis: Axes, runs: pd.DataFrame) -> None:
    look = {"linestyle": "", "markersize": 4.5, "markeredgecolor": INK, "markeredgewidth": 0.4}
    handles = [
        axis.plot([], [], mark, color="white", label=rf"$\gamma$ = {gamma:g}", **look)[0]
        for gamma, mark in zip(sorted(runs["gamma"].unique()), _MARKS, strict=False)
    ]
    handles += [
        axis.plot([], [], "o", color=colour, label=f"decay {decay:g}", **look)[0]
        for decay, colour in _shades(runs).items()
    ]
    figure.legend(handles=handles, loc="outside upper center", ncols=len(handles), frameon=False)


_WORDS = (
    "(a) is arXiv 2501.08537, read off its figure: ten layers of width 640, other rates and steps, so its axes do not "
    "compare cell by cell. Grey dots: seen pairs not learnt. A high commutativity is no sign of composition."
)
