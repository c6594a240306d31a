"""Fig 7a,b: steps to converge and test accuracy on PrOntoQA against the number of training items."""

from __future__ import annotations

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import pyarrow as pa
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from initscale.figures.style import FAINT, INFERENTIAL, SYMMETRIC, add_caption

NEEDS = (
    "source",
    "gamma",
    "weight_decay",
    "size",
    "seed",
    "converged",
    "steps",
    "accuracy",
    "accuracy_own",
    "memorized",
    "step",
    "shortcut",
)
_COLOURS = (SYMMETRIC, INFERENTIAL)  # of the larger and of the smaller initialization
_CHANCE = 0.5


def draw(table: pa.Table, options: dict) -> dict[str, Figure]:
    """Panel a: steps. Panel b: accuracy, behind the true and behind the model's own chain of thought."""
    data = table.to_pandas()
    data = data.astype({name: float for name in ("steps", "accuracy", "accuracy_own", "shortcut")})
    runs, paper = (data[data["source"] == source] for source in ("run", "paper"))
    figure, (left, right) = plt.subplots(1, 2, figsize=(7.6, 3.5), layout="constrained")
    for colour, gamma in zip(_COLOURS, sorted(runs["gamma"].unique()), strict=False):
        own = runs[runs["gamma"] == gamma]
        label = rf"$\gamma$ = {gamma:g}, decay {own['weight_decay'].iloc[0]:g}"
        _steps(left, own, colour, label)
        _line(right, own, "accuracy", colour, label, "-o")
        _line(right, own, "accuracy_own", colour, None, "--s")
    for colour, (gamma, theirs) in zip(_COLOURS, paper.groupby("gamma"), strict=False):
        label = rf"the paper, $\gamma$ = {gamma:g}"
        for axis, column in ((left, "steps"), (right, "accuracy")):
            axis.plot(theirs["size"], theirs[column], "D", color=colour, fillstyle="none", markersize=4, label=label)
    _baselines(right, runs)
    for axis, title, name in ((left, "a  steps to converge", "steps"), (right, "b  test judgements", "accuracy")):
        _shade(axis, runs)
        _frame(axis, title, name)
    left.set_yscale("log")
    right.set_ylim(-0.04, 1.06)
    figure.legend(*left.get_legend_handles_labels(), loc="outside upper center", ncols=4, frameon=False)
    words = (
        "Mean and 95% interval (t) over seeds; dots: single runs. Triangles: not converged when the training ended, "
        "left out of the mean. In b solid: behind the true chain of thought; dashed: behind the model's own. "
        "Hollow diamonds: read off the published figure, of other models and data."
    )
    add_caption(figure, table, words)
    return {"fig7": figure}


def _steps(axis: Axes, runs: pd.DataFrame, colour: str, label: str) -> None:
    _line(axis, runs[runs["converged"].astype(bool)], "steps", colour, label, "-o")
    late = runs[~runs["converged"].astype(bool)]
    axis.plot(late["size"], late["step"].astype(float), "^", color=colour, markersize=5, alpha=0.6)


def _line(axis: Axes, runs: pd.DataFrame, column: str, colour: str, label: str | None, style: str) -> None:
    """Mean over seeds with interval, and every run as a dot."""
    values = runs.groupby("size")[column]
    mean = values.mean()
    line, marker = style[:-1], style[-1]
    look = {"color": colour, "linestyle": line, "marker": marker, "markersize": 4, "capsize": 3, "label": label}
    axis.errorbar(mean.index, mean, values.apply(interval), **look)
    axis.plot(runs["size"], runs[column], ".", color=colour, markersize=3, alpha=0.5)


def interval(values: pd.Series) -> float:
    """Half the width of the 95% interval of a mean (Student's t); nan, which draws no bar, for a single value."""
    from scipy.stats import t

    n = len(values)
    return float(t.ppf(0.975, n - 1) * values.std() / np.sqrt(n)) if n > 1 else np.nan


def _baselines(axis: Axes, runs: pd.DataFrame) -> None:
    shortcut = runs["shortcut"].iloc[0]
    axis.axhline(_CHANCE, color=FAINT, linewidth=0.8, linestyle=":")
    axis.axhline(shortcut, color=FAINT, linewidth=0.8, linestyle="-.")
    words = {f"chance {_CHANCE:.0%}": _CHANCE, f"positional shortcut {shortcut:.0%}": shortcut}
    for text, height in words.items():
        side = "bottom" if height == max(words.values()) else "top"
        look = {"color": FAINT, "fontsize": "x-small", "ha": "right", "va": side}
        axis.text(1.0, height, text, transform=axis.get_yaxis_transform(), **look)


def memorized_sizes(runs: pd.DataFrame) -> list[int]:
    """Sizes at which more than half of the runs of the smallest gamma have memorized."""
    share = runs[runs["gamma"] == runs["gamma"].min()].groupby("size")["memorized"].mean()
    return [int(size) for size, value in share.items() if value > 0.5]


def _shade(axis: Axes, runs: pd.DataFrame) -> None:
    """Shade around each such size, half-way to its neighbours on the logarithmic axis."""
    sizes = np.sort(runs["size"].unique().astype(float))
    between = np.sqrt(sizes[1:] * sizes[:-1])
    outer = 1.25 if len(sizes) < 2 else float(np.sqrt(sizes[1] / sizes[0]))
    edges = np.concatenate([[sizes[0] / outer], between, [sizes[-1] * outer]])
    for size in memorized_sizes(runs):
        place = int(np.searchsorted(sizes, size))
        axis.axvspan(edges[place], edges[place + 1], color="0.92", zorder=0, linewidth=0)


def _frame(axis: Axes, title: str, name: str) -> None:
    axis.set_xscale("log")
    axis.set_title(title, loc="left")
    axis.set_xlabel("training items")
    axis.set_ylabel(name)
    axis.grid(axis="y", color="0.92")
    axis.spines[["top", "right"]].set_visible(False)
