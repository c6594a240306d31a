"""fig_measures: every score of every probe against gamma, and against the answer among runs of equal gamma."""

from __future__ import annotations

import matplotlib.pyplot as plt
import pandas as pd
import pyarrow as pa
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from initscale.figures.panels.style import FAINT, INFERENTIAL, INK, SYMMETRIC, add_caption

NEEDS = ("kind", "figure", "score", "part", "value", "p", "n")
_TITLES = {"fig12": "fig12, 13", "fig5": "fig5, 10, 11"}
_BLOCKS = (
    ("fig3", "fig4", "fig5", "fig12", "fig_circuits"),
    ("fig_change", "fig_attention", "fig_sharpness", "fig_lidar", "fig_reward"),
)
"""Figures whose scores stand in the left and in the right half."""


def draw(table: pa.Table, options: dict) -> dict[str, Figure]:
    """Two halves (the paper's probes, the others), each with a line per score and two correlations."""
    data = table.to_pandas()
    halves = [_names(data, figures) for figures in _BLOCKS]
    size = (13.0, 1.4 + 0.2 * max(1, *map(len, halves)))
    figure, axes = plt.subplots(1, 4, figsize=size, layout="constrained")
    limit = data.loc[data["kind"] == "threshold", "value"]
    for half, names in enumerate(halves):
        left, right = axes[2 * half : 2 * half + 2]
        _rows(left, right, data, names, limit.iloc[0] if len(limit) else None)
        left.set_title("along gamma", loc="left")
        right.set_title("with composed answers, gamma fixed", loc="left")
    rest = 1 - options["confidence"]
    words = (
        "Spearman correlations. Along gamma: one dot per seed, bar: mean. At fixed gamma: of the score and the share "
        f"of composed answers over runs; dashed: what the largest of all scores exceeds in {rest:.0%} of "
        f"{options['permutations']} exchanges of answers between runs of equal gamma and rates; filled: p < 0.05 for "
        "this score alone. Scores of fig_reward, and outputs of fig4, are made of the answers."
    )
    add_caption(figure, table, words)
    return {"fig_measures": figure}


def _names(data: pd.DataFrame, figures: tuple[str, ...]) -> list[tuple[str, str, str]]:
    rows = data[data["figure"].isin(figures)].drop_duplicates(["figure", "score", "part"])
    rows = rows.sort_values("figure", key=lambda names: names.map(figures.index), kind="stable")
    return list(rows[["figure", "score", "part"]].itertuples(index=False, name=None))


def _rows(left: Axes, right: Axes, data: pd.DataFrame, names: list, limit: float | None) -> None:
    groups = dict(list(data.groupby(["figure", "score", "part", "kind"])["value"]))
    p_values = data[data["kind"] == "within"].set_index(["figure", "score", "part"])["p"]
    for at, name in enumerate(names):
        trend, within = groups.get((*name, "trend")), groups.get((*name, "within"))
        if trend is not None:
            left.plot(trend, [at] * len(trend), ".", color=INK, markersize=3, alpha=0.6)
            left.barh(at, trend.mean(), height=0.6, color="0.85", zorder=0)
        if within is not None:
            value, colour = within.iloc[0], INFERENTIAL if within.iloc[0] > 0 else SYMMETRIC
            face = colour if p_values[name] < 0.05 else "white"
            right.barh(at, value, height=0.6, edgecolor=colour, color=face, linewidth=0.9)
    for axis in (left, right):
        axis.axvline(0, color=FAINT, linewidth=0.6)
        axis.set(xlim=(-1.05, 1.05), ylim=(max(1, len(names)) - 0.5, -0.5), xticks=[-1, -0.5, 0, 0.5, 1])
        axis.spines[["top", "right"]].set_visible(False)
        for line in [at for at in range(1, len(names)) if names[at][0] != names[at - 1][0]]:
            axis.axhline(line - 0.5, color=FAINT, linewidth=0.5)
    for sign in (-1, 1) if limit is not None else ():
        right.axvline(sign * limit, color=FAINT, linewidth=0.8, linestyle=(0, (4, 3)))
    labels = [f"{score}, {part}" if part else score for _, score, part in names]
    small = plt.rcParams["font.size"] - 2
    left.set_yticks(range(len(names)), [label.replace("_", " ") for label in labels], fontsize=small)
    right.set_yticks([])
    for at in [at for at in range(len(names)) if at == 0 or names[at][0] != names[at - 1][0]]:
        text = _TITLES.get(names[at][0], names[at][0])
        right.text(1.02, at - 0.3, text, transform=right.get_yaxis_transform(), va="top", color=FAINT, fontsize=small)
