"""Fig 7a,b: steps to converge and test accuracy on PrOntoQA against the number of training items."""

from __future__ import annotations

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import pyarrow as pa
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from initscale.figures.panels.style import FAINT, add_caption
from initscale.figures.panels.two_settings import (
    COLOURS,
    LARGE,
    RANGE_WORDS,
    SMALL,
    draw_means,
    draw_paper,
    setting_words,
    with_setting,
)

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
_ASIDE = {LARGE: 0.96, SMALL: 1.04}
_CHANCE = 0.5


def draw(table: pa.Table, options: dict) -> dict[str, Figure]:
    """Panel a: steps. Panel b: accuracy, behind the true and behind the model's own chain of thought."""
    data = with_setting(table.to_pandas())
    data = data.astype({name: float for name in ("steps", "accuracy", "accuracy_own", "shortcut")})
    runs, paper = (data[data["source"] == source] for source in ("run", "paper"))
    figure, (left, right) = plt.subplots(1, 2, figsize=(7.6, 3.5), layout="constrained")
    for setting, own in _apart(runs).groupby("setting"):
        look = {"colour": COLOURS[setting], "label": setting_words(own)}
        _steps(left, own, **look)
        draw_means(right, own, "size", "accuracy", **look)
        draw_means(right, own, "size", "accuracy_own", COLOURS[setting], "--", fillstyle="none")
    for setting, theirs in paper.groupby("setting"):
        for axis, column in ((left, "steps"), (right, "accuracy")):
            draw_paper(axis, theirs["size"], theirs[column], COLOURS[setting], f"the paper, {setting_words(theirs)}")
    _baselines(right, runs)
    for axis, title, name in ((left, "a  steps to converge", "steps"), (right, "b  test judgements", "accuracy")):
        _shade(axis, runs)
        _frame(axis, title, name)
    left.set_yscale("log")
    right.set_ylim(-0.04, 1.06)
    figure.legend(handles=_ours_first(left), loc="outside upper center", ncols=2, frameon=False)
    words = (
        f"{RANGE_WORDS} Settings are drawn 4% apart. Triangles: not converged when the training ended, left out of the "
        "mean. In b filled: behind the true chain of thought; dashed and hollow: behind the model's own. Hollow "
        "diamonds: read off the published figure, of other models and data."
    )
    add_caption(figure, table, words)
    return {"fig7": figure}


def _ours_first(axis: Axes) -> list:
    """Handles of the legend; matplotlib has lines, the paper's, before those with error bars."""
    return sorted(axis.get_legend_handles_labels()[0], key=lambda handle: handle.get_label().startswith("the paper"))


def _apart(runs: pd.DataFrame) -> pd.DataFrame:
    """The same with sizes moved 4 % to the left or right, so that marks of the two settings do not hide each other."""
    return runs.assign(size=runs["size"] * runs["setting"].map(_ASIDE))


def _steps(axis: Axes, runs: pd.DataFrame, colour: str, label: str) -> None:
    draw_means(axis, runs, "size", "steps", colour, label=label)
    late = runs[~runs["converged"].astype(bool)]
    axis.plot(late["size"], late["step"].astype(float), "^", color=colour, markersize=5, alpha=0.6)


def _baselines(axis: Axes, runs: pd.DataFrame) -> None:
    shortcut = runs["shortcut"].iloc[0]
    axis.axhline(_CHANCE, color=FAINT, linewidth=0.8, linestyle=":")
    axis.axhline(shortcut, color=FAINT, linewidth=0.8, linestyle="-.")
    words = {f"chance {_CHANCE:.0%}": _CHANCE, f"positional shortcut {shortcut:.0%}": shortcut}
    if round(100 * shortcut) == round(100 * _CHANCE):
        words = {f"chance and positional\nshortcut {_CHANCE:.0%}": _CHANCE}
    for text, height in words.items():
        side = "bottom" if height > min(words.values()) else "top"
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
