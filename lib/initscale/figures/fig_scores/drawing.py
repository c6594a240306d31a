"""Which scores tell the phases apart: every score of Figs 3, 4, 5, 12 and the causal check, by the phase of the run."""

from __future__ import annotations

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import pyarrow as pa
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from initscale.figures.panels.style import FAINT, INFERENTIAL, NOISE, SYMMETRIC, add_caption

NEEDS = ("kind", "figure", "score", "part", "phase", "value", "low", "high", "p", "n")
_PHASES = {"symmetric": SYMMETRIC, "inferential": INFERENTIAL, "shaded": NOISE}
_DODGE = {"symmetric": -0.22, "inferential": 0.0, "shaded": 0.22}
_TITLES = {"fig12": "fig12, 13", "fig5": "fig5, 10, 11"}
_HIDDEN = ("step_share_chance", "top_share", "ao")  # a constant; close to 1 / stable rank; the one of fig3 again


def draw(table: pa.Table, options: dict) -> dict[str, Figure]:
    """One line per score: runs and means on the score's own range, the means as numbers, the separation as a bar."""
    data = table.to_pandas()
    data = data[~data["score"].isin(_HIDDEN)]
    names = list(data[data["kind"] == "run"].groupby(["figure", "score", "part"], sort=False).groups)
    figure, (left, right) = plt.subplots(
        1, 2, sharey=True, width_ratios=[3, 1], figsize=(9.5, 1.2 + 0.23 * len(names)), layout="constrained"
    )
    # room for the numbers between the panels
    figure.get_layout_engine().set(wspace=0.26)
    for at, name in enumerate(names):
        rows = data[(data["figure"] == name[0]) & (data["score"] == name[1]) & (data["part"] == name[2])]
        _line(left, at, rows)
        _separation(right, at, rows[rows["kind"] == "separation"])
    _axes(left, right, names)
    counts = _counts(data)
    handles = [plt.Line2D([], [], color=c, marker="o", label=f"{p} ({counts.get(p, 0)})") for p, c in _PHASES.items()]
    figure.legend(handles=handles, loc="outside upper center", ncols=3, frameon=False, title="phase (number of runs)")
    words = (
        f"Depth {options['depth']}. A run's phase is that of its answers to the unseen pair (fig_circuits; shaded: "
        "seen pairs not learned), not of its gamma; runs that answer neither way are left out. Small dots: runs; "
        "large: means over seeds with 95 % t-intervals, cut at the range; numbers: means. Separation: probability that "
        "a symmetric run has the larger value (0.5: the score says nothing; 0 or 1, filled: it tells all pairs of runs "
        "apart)."
    )
    add_caption(figure, table, words)
    return {"fig_scores": figure}


def _line(axis: Axes, at: int, rows: pd.DataFrame) -> None:
    runs, means = rows[rows["kind"] == "run"], rows[rows["kind"] == "phase"]
    low, width = runs["value"].min(), np.ptp(runs["value"]) or 1.0
    for place, (phase, colour) in enumerate(_PHASES.items()):
        y = at + _DODGE[phase]
        points = (runs.loc[runs["phase"] == phase, "value"] - low) / width
        axis.plot(points, [y] * len(points), ".", color=colour, markersize=3, alpha=0.6)
        for mean in means[means["phase"] == phase].itertuples():
            axis.plot((mean.value - low) / width, y, "o", color=colour, markersize=5, markeredgecolor="black", mew=0.4)
            if pd.notna(mean.low):
                axis.plot(np.clip([(mean.low - low) / width, (mean.high - low) / width], 0, 1), [y] * 2, color=colour)
            axis.annotate(
                _number(mean.value),
                (1.1 + 0.1 * place, at),
                ha="right",
                xycoords=axis.get_yaxis_transform(),
                va="center",
                color=colour,
                fontsize=plt.rcParams["font.size"] - 2,
                annotation_clip=False,
            )


def _number(value: float) -> str:
    digits = 2 if abs(value) < 10 else 1
    return f"{round(value, digits) + 0.0:.{digits}f}".replace("-", "−")  # no negative zero


def _separation(axis: Axes, at: int, rows: pd.DataFrame) -> None:
    for row in rows.itertuples():
        colour = SYMMETRIC if row.value > 0.5 else INFERENTIAL
        complete = row.value in (0, 1)
        axis.barh(at, row.value - 0.5, left=0.5, height=0.6, edgecolor=colour, color=colour if complete else "white")


def _axes(left: Axes, right: Axes, names: list[tuple[str, str, str]]) -> None:
    labels = [f"{score}, {part}" if part else score for _, score, part in names]
    left.set_yticks(range(len(names)), [label.replace("_", " ") for label in labels])
    left.set(xlim=(-0.03, 1.03), xlabel="value on the range of all runs", ylim=(len(names) - 0.5, -0.5))
    left.set_xticks([0, 1], ["smallest", "largest"])
    right.set(xlim=(-0.02, 1.02), xlabel="separation")
    right.set_xticks([0, 0.5, 1], ["0\ninferential\nlarger", "0.5", "1\nsymmetric\nlarger"])
    right.axvline(0.5, color=FAINT, linewidth=0.6)
    right.tick_params(left=False)
    first = {figure: at for at, (figure, _, _) in reversed(list(enumerate(names)))}
    for figure, at in first.items():
        for axis in (left, right):
            axis.axhline(at - 0.5, color=FAINT, linewidth=0.5)
        words = _TITLES.get(figure, figure)
        right.text(1.03, at - 0.3, words, transform=right.get_yaxis_transform(), va="top", color=FAINT)
    for axis in (left, right):
        axis.spines[["top", "right"]].set_visible(False)


def _counts(data: pd.DataFrame) -> dict[str, int]:
    means = data[data["kind"] == "phase"]
    return means.groupby("phase")["n"].max().astype(int).to_dict()
