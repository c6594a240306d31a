"""Fig 6: accuracy on SCAN and COGS against data size, at equal steps and at equal training loss."""

from __future__ import annotations

import matplotlib.pyplot as plt
import pandas as pd
import pyarrow as pa
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.ticker import NullLocator

from initscale.figures.panels.style import FAINT, add_caption
from initscale.figures.panels.two_settings import (
    COLOURS,
    RANGE_WORDS,
    draw_means,
    draw_paper,
    finish,
    setting_words,
    with_setting,
)

NEEDS = (
    "source",
    "panel",
    "group",
    "size",
    "gamma",
    "weight_decay",
    "seed",
    "accuracy",
    "accuracy_equal_loss",
    "ceiling",
)
_TITLES = {"a": "(a) SCAN, turn left", "b": "(b) COGS, in distribution", "c": "(c) COGS, out of distribution"}
_ROWS = {"accuracy": "equal steps", "accuracy_equal_loss": "equal training loss"}
_LINES = {"all": "-", "lexical": "--", "structural": ":"}


def draw(table: pa.Table, options: dict) -> dict[str, Figure]:
    """One column per panel; the paper's points are drawn in the first row only."""
    data = with_setting(table.to_pandas())
    panels = [panel for panel in _TITLES if panel in set(data.loc[data["source"] == "run", "panel"])]
    size = (2.9 * len(panels) + 0.4, 5.6)
    kinds = {"sharex": "col", "sharey": True, "squeeze": False, "layout": "constrained"}
    figure, axes = plt.subplots(2, len(panels), figsize=size, **kinds)
    for row, value in zip(axes, _ROWS, strict=True):
        for axis, panel in zip(row, panels, strict=True):
            _panel(axis, data[data["panel"] == panel], value)
        row[0].set_ylabel(f"exact match\nat {_ROWS[value]}")
    for axis, panel in zip(axes[0], panels, strict=True):
        axis.set_title(_TITLES[panel], loc="left")
    figure.supxlabel("training samples", fontsize=plt.rcParams["font.size"])
    figure.legend(handles=_legend(data), loc="outside upper center", ncols=4, frameon=False)
    words = "Panel c: mean over the 21 types, and over lexical and structural types apart." if "c" in panels else ""
    add_caption(figure, table, f"{RANGE_WORDS} {words}")
    return {"fig6": figure}


def _panel(axis: Axes, data: pd.DataFrame, value: str) -> None:
    runs, paper = data[data["source"] == "run"], data[data["source"] == "paper"]
    for (setting, group), rows in runs[runs["group"].isin(_LINES)].groupby(["setting", "group"]):
        draw_means(axis, rows, "size", value, COLOURS[setting], _LINES[group])
    ceiling = runs[runs["group"] == "all"].groupby("size")["ceiling"].mean()
    axis.plot(ceiling.index, ceiling, color=FAINT, linewidth=0.8, drawstyle="steps-mid", zorder=1)
    if value == "accuracy":
        for setting, points in paper.groupby("setting"):
            draw_paper(axis, points["size"], points["accuracy"], COLOURS[setting])
    finish(axis)
    axis.set_xscale("log")
    axis.xaxis.set_minor_locator(NullLocator())
    ticks = _apart(sorted(int(size) for size in set(data["size"])))
    axis.set_xticks(ticks, [f"{size / 1000:g}k" if size >= 1000 else str(size) for size in ticks], rotation=45)


def _apart(sizes: list[int]) -> list[int]:
    """Sizes whose labels do not touch on a logarithmic axis."""
    kept: list[int] = []
    for size in sizes:
        if not kept or size > 1.35 * kept[-1]:
            kept.append(size)
    return kept


def _legend(data: pd.DataFrame) -> list[Line2D]:
    found = []
    for source, look in (("run", {"marker": "o"}), ("paper", {"marker": "D", "linestyle": "", "mfc": "none"})):
        for setting, colour in COLOURS.items():
            rows = data[(data["source"] == source) & (data["setting"] == setting)]
            if len(rows):
                words = f"{'paper: ' if source == 'paper' else ''}{setting_words(rows)}"
                found.append(Line2D([], [], color=colour, markersize=4, label=words, **look))
    if "c" in set(data.loc[data["source"] == "run", "panel"]):
        found += [Line2D([], [], color="0.3", linestyle=_LINES[g], label=f"c: {g}") for g in ("lexical", "structural")]
    return [*found, Line2D([], [], color=FAINT, linewidth=0.8, label="attainable")]
