"""Fig 8: two kinds of generalization, to unseen data of seen pairs and to an unseen pair."""

from __future__ import annotations

import matplotlib.pyplot as plt
import pandas as pd
import pyarrow as pa
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle

from initscale.figures.panels.style import FAINT, INK, SEEN, SYMMETRIC, add_caption
from initscale.figures.panels.token_rows import blank, draw_sequence, legend_words, pair_axes

NEEDS = ("keys", "anchor_1", "anchor_2", "trained_rows", "test_rows", "unseen_rows", "example", "position")
_TRAINED, _DATA, _PAIR = SEEN, "#8CC5E8", SYMMETRIC
_FILL = {"trained": _TRAINED, "data": _DATA, "pair": _PAIR}
_WORDS = {
    "trained": ("trained", _TRAINED),
    "data": ("seen pair, test keys: generalization on data", "#3A8FC4"),
    "pair": ("unseen pair: generalization on the task", "#B87400"),
}


def kind(row: pd.Series) -> str:
    """Which of the three a combination of pair and keys is, from its counts alone."""
    if row["trained_rows"]:
        return "trained"
    return "pair" if row["unseen_rows"] else "data"


def draw(table: pa.Table, options: dict) -> dict[str, Figure]:
    """Two grids of anchor pairs (training keys, test keys) and one example row of each kind."""
    data = table.to_pandas()
    data["kind"] = data.apply(kind, axis=1)
    figure, axes = plt.subplots(1, 3, figsize=(8.6, 2.7), width_ratios=[1, 1, 1.6], layout="constrained")
    for axis, keys, title in zip(axes, ("train", "test"), ("training keys", "test keys"), strict=False):
        _grid(axis, data[data["keys"] == keys], title)
    _examples(axes[2], data)
    add_caption(figure, table, "Numbers are sequences.")
    return {"fig8": figure}


def _grid(axis: Axes, data: pd.DataFrame, title: str) -> None:
    anchors = sorted(data["anchor_1"].unique())
    for row in data.itertuples():
        words = f"{max(row.trained_rows, row.test_rows, row.unseen_rows):,}"
        x, y = anchors.index(row.anchor_2), anchors.index(row.anchor_1)
        axis.add_patch(Rectangle((x - 0.5, y - 0.5), 1, 1, facecolor=_FILL[row.kind], edgecolor="white", linewidth=2))
        colour = "white" if row.kind == "trained" else INK
        axis.text(x, y, words, ha="center", va="center", color=colour, fontsize=plt.rcParams["font.size"] - 2.5)
    pair_axes(axis, anchors, title)


def _examples(axis: Axes, data: pd.DataFrame) -> None:
    length = len(data["example"].iloc[0].split())
    blank(axis, max(1.08 * length, 10) + 0.5, 9.8)
    for place, (name, (words, colour)) in enumerate(_WORDS.items()):
        y = 9.2 - 2.9 * place
        axis.text(0, y, words, color=colour, fontweight="bold", va="center", linespacing=1.1)
        rows = data[data["kind"] == name]
        if len(rows):
            draw_sequence(axis, rows["example"].iloc[0], rows["position"].iloc[0], 0, y - 1.2)
        else:
            axis.text(0, y - 1.2, "(none in this data set)", color=FAINT)
    legend_words(axis)
