"""Panels that the figures beyond the paper share: scores of every run against gamma, coloured by the run's answer."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.ticker import LogFormatter

from initscale.figures.panels.accuracy_map import std_axis
from initscale.figures.panels.style import FAINT, INFERENTIAL, INK, NOISE, SYMMETRIC

NEEDS = ("gamma", "depth", "seed", "lr", "weight_decay", "embedding_std", "phase", "quantity", "part", "value")
"""Columns of the tables that these panels read."""
PHASES = {
    "symmetric": (SYMMETRIC, "symmetric answers"),
    "inferential": (INFERENTIAL, "composed answers"),
    "neither": ("white", "neither"),
    "shaded": (NOISE, "seen pairs not learnt"),
}
_LOOKS = (("o", "-"), ("^", "--"), ("s", ":"), ("D", "-."))


@dataclass(frozen=True)
class Series:
    """One score in a panel: its quantity, its part and what the legend calls it."""

    quantity: str
    part: str = ""
    label: str = ""


class PlainNumbers(LogFormatter):
    """0.04 instead of a product with a power of ten, where ticks of a logarithmic axis are labelled."""

    def __call__(self, x, pos=None):
        return f"{x:g}" if super().__call__(x, pos) else ""


def gamma_panel(axis: Axes, data: pd.DataFrame, series: Sequence[Series], title: str, log: bool = False) -> None:
    """Dots: runs, by phase. Lines: means over the runs of a gamma (geometric ones on a logarithmic axis)."""
    for number, (marker, line, rows) in enumerate(_drawn(data, series)):
        means = _means(rows, log)
        label = series[number].label
        axis.plot(means.index, means, line, color=INK, linewidth=1, marker=marker, markersize=0, label=label, zorder=1)
        for phase, (colour, _) in PHASES.items():
            some = rows[rows["phase"] == phase]
            edge = {"markeredgecolor": INK, "markeredgewidth": 0.4, "zorder": 2}
            axis.plot(some["gamma"], some["value"], marker, color=colour, markersize=4, linestyle="", **edge)
    if log:
        axis.set_yscale("log")
        axis.yaxis.set_major_formatter(PlainNumbers())
        axis.yaxis.set_minor_formatter(PlainNumbers())
    axis.set_title(title, loc="left")
    axis.set_xlabel(r"initialization rate $\gamma$")
    axis.grid(axis="y", color="0.92")
    axis.spines[["top", "right"]].set_visible(False)
    if any(one.label for one in series):
        _series_legend(axis, series)


def std_ticks(axis: Axes, data: pd.DataFrame) -> None:
    """The second axis of a panel: the initial standard deviation of the embedding."""
    std_axis(axis, sorted(data["gamma"].unique()), data)


def level(axis: Axes, value: float, label: str) -> None:
    """A dashed reference line with its name at the right end."""
    axis.axhline(value, color=FAINT, linewidth=0.8, linestyle=(0, (4, 3)), zorder=0.5)
    size = plt.rcParams["font.size"] - 2
    place = {"xycoords": axis.get_yaxis_transform(), "textcoords": "offset points", "xytext": (0, 2)}
    axis.annotate(label, (0.99, value), ha="right", color=FAINT, fontsize=size, **place)


def phase_legend(figure: Figure, data: pd.DataFrame) -> None:
    """What the colours of the dots mean, above the panels, with the number of runs."""
    runs = data.drop_duplicates([name for name in ("gamma", "seed", "lr", "weight_decay") if name in data.columns])
    counts = runs["phase"].value_counts()
    look = {"linestyle": "", "marker": "o", "markersize": 5, "markeredgecolor": INK, "markeredgewidth": 0.4}
    handles = [
        Line2D([], [], color=colour, label=f"{words} ({counts.get(phase, 0)})", **look)
        for phase, (colour, words) in PHASES.items()
    ]
    figure.legend(handles=handles, loc="outside upper center", ncols=4, frameon=False)


def of_depth(data: pd.DataFrame, options: dict) -> pd.DataFrame:
    """Rows of the runs with the number of layers that the figure shows."""
    return data[data["depth"] == options["depth"]]


def layers(quantity: str, depth: int) -> list[Series]:
    """One series per layer, for scores whose parts are layers."""
    return [Series(quantity, f"layer{layer}", f"layer {layer}") for layer in range(1, depth + 1)]


def _drawn(data: pd.DataFrame, series: Sequence[Series]):
    for number, one in enumerate(series):
        rows = data[(data["quantity"] == one.quantity) & (data["part"] == one.part)]
        yield *_LOOKS[number % len(_LOOKS)], rows[np.isfinite(rows["value"])]


def _means(rows: pd.DataFrame, log: bool) -> pd.Series:
    if not log:
        return rows.groupby("gamma")["value"].mean()
    positive = rows[rows["value"] > 0]
    return np.exp(np.log(positive["value"]).groupby(positive["gamma"]).mean())


def _series_legend(axis: Axes, series: Sequence[Series]) -> None:
    handles = [
        Line2D([], [], color=INK, linestyle=line, marker=marker, markersize=4, markerfacecolor="white", label=one.label)
        for one, (marker, line) in zip(series, _LOOKS, strict=False)
    ]
    axis.legend(handles=handles, frameon=False, handlelength=2.6, labelspacing=0.3, loc="best")
