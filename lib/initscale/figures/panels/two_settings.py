"""What Figs 6, 7 and 17a share: colours of the two settings, means and ranges over seeds, hollow marks of the paper."""

from __future__ import annotations

import pandas as pd
from matplotlib.axes import Axes

from initscale.figures.panels.style import FAINT, INFERENTIAL, SYMMETRIC

LARGE, SMALL = "large", "small"
COLOURS = {LARGE: SYMMETRIC, SMALL: INFERENTIAL}
RANGE_WORDS = "Lines: means over seeds; bars: their range; dots: single runs."


def with_setting(data: pd.DataFrame) -> pd.DataFrame:
    """The column ``setting``: small for the larger gamma of runs, and of the paper's points, by themselves."""
    largest = data.groupby("source")["gamma"].transform("max")
    return data.assign(setting=(data["gamma"] == largest).map({True: SMALL, False: LARGE}))


def setting_words(rows: pd.DataFrame) -> str:
    """Gamma and weight decay of the rows of one setting."""
    gamma, decay = (" / ".join(f"{value:g}" for value in sorted(rows[name].unique())) for name in SETTING)
    return rf"$\gamma$ = {gamma}, weight decay {decay}"


SETTING = ("gamma", "weight_decay")


def draw_means(axis: Axes, rows: pd.DataFrame, x: str, y: str, colour: str, line: str = "-", **look) -> None:
    """Mean of ``y`` over seeds at every ``x``, with range and single runs; a gap where no run has a value."""
    groups = rows.groupby(x)[y]
    mean = groups.mean()
    bars = [mean - groups.min(), groups.max() - mean]
    axis.errorbar(mean.index, mean, bars, color=colour, linestyle=line, marker="o", markersize=4, capsize=2, **look)
    axis.plot(rows[x], rows[y], ".", color=colour, markersize=3, alpha=0.5)


def draw_paper(axis: Axes, x, y, colour: str, label: str | None = None) -> None:
    """Hollow marks."""
    look = {"markersize": 5, "markerfacecolor": "none", "markeredgecolor": colour}
    axis.plot(x, y, linestyle="", marker="D", label=label, **look)


def finish(axis: Axes) -> None:
    """Limits of an accuracy, faint lines."""
    axis.set_ylim(-0.04, 1.04)
    axis.grid(axis="y", color="0.92")
    axis.spines[["top", "right"]].set_visible(False)
    axis.tick_params(colors=FAINT)
