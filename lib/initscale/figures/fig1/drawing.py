"""Fig 1: the two-anchor task, what every pair is taught, and the two answers to the unseen pair."""

from __future__ import annotations

import matplotlib.pyplot as plt
import pandas as pd
import pyarrow as pa
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle

from initscale.figures.panels.style import FAINT, INFERENTIAL, INK, KEY, SYMMETRIC, add_caption
from initscale.figures.panels.token_rows import blank, draw_sequence, legend_words, pair_axes

NEEDS = ("anchor_1", "anchor_2", "mapping", "taught", "shift", "tokens", "position", "between", "label")
_FILL = {"inferential": "#BFE5D9", "non_inferential": "#F9E0B0", "unseen": "white"}


def draw(table: pa.Table, options: dict) -> dict[str, Figure]:
    """The pairs and their shifts; rows of the data; two mechanisms that give the unseen pair its two answers."""
    data = table.to_pandas()
    figure = plt.figure(figsize=(8.2, 4.9), layout="constrained")
    left, right, below = figure.subplot_mosaic("ab;cc", width_ratios=[1, 2.1], height_ratios=[2.1, 1]).values()
    _pairs(left, data)
    _examples(right, data)
    _mechanisms(below, data[~data["taught"]])
    add_caption(figure, table)
    return {"fig1": figure}


def _pairs(axis: Axes, data: pd.DataFrame) -> None:
    anchors = sorted(data["anchor_1"].unique())
    for (a, b), rows in data.groupby(["anchor_1", "anchor_2"]):
        taught = rows["taught"].iloc[0]
        fill = _FILL[rows["mapping"].iloc[0]] if taught else _FILL["unseen"]
        x, y = anchors.index(b), anchors.index(a)
        axis.add_patch(Rectangle((x - 0.5, y - 0.5), 1, 1, facecolor=fill, edgecolor="white", linewidth=2))
        words = f"x{rows['shift'].iloc[0]:+d}" if taught else "?"
        axis.text(x, y, words.replace("-", "−"), ha="center", va="center", color=INK)
        if not taught:
            axis.add_patch(
                Rectangle((x - 0.46, y - 0.46), 0.92, 0.92, fill=False, edgecolor=INK, linestyle="--", linewidth=1)
            )
    pair_axes(axis, anchors, "(a) label taught for every pair")


def _examples(axis: Axes, data: pd.DataFrame) -> None:
    length = len(data["tokens"].iloc[0].split())
    blank(axis, 1.08 * length + 12.5, 11.6)
    axis.set_title("(b) rows of the data and their labels", loc="left")
    shown = [
        ("taught by composition", data[(data["mapping"] == "inferential") & data["taught"]].head(2).tail(1)),
        ("taught against composition", data[data["mapping"] == "non_inferential"].head(1)),
    ]
    unseen = data[~data["taught"]]
    if len(unseen):
        first = unseen.iloc[0]
        same = (unseen["anchor_1"] == first["anchor_1"]) & (unseen["anchor_2"] == first["anchor_2"])
        shown.append(("never taught: which answer?", unseen[same]))
    for place, (words, rows) in enumerate(shown):
        y = 10.9 - 3.7 * place
        axis.text(0, y, words, color=FAINT, va="center")
        if len(rows):
            _example(axis, rows, y - 1.35)
    legend_words(axis)


def _example(axis: Axes, rows: pd.DataFrame, y: float) -> None:
    row = rows.iloc[0]
    end = draw_sequence(axis, row["tokens"], row["position"], 0, y)
    key = int(row["tokens"].split()[row["position"]])
    colours = {"inferential": INFERENTIAL, "symmetric": SYMMETRIC, "non_inferential": SYMMETRIC}
    for offset, answer in enumerate(rows.itertuples()):
        height = y + (0.75 - 1.5 * offset if len(rows) > 1 else 0)
        axis.annotate(
            "", (end + 1.5, height), (end + 0.15, y), arrowprops={"arrowstyle": "->", "color": FAINT, "linewidth": 0.9}
        )
        words = f"{key} {'+' if answer.shift >= 0 else '−'} {abs(answer.shift)} = {answer.label}"
        axis.text(end + 1.75, height, words, va="center", color=KEY, fontweight="bold")
        axis.text(end + 7.0, height, answer.mapping.replace("_", "-"), va="center", color=colours[answer.mapping])


def _mechanisms(axis: Axes, unseen: pd.DataFrame) -> None:
    """Reasoning applies one anchor after the other; memorizing reads the pair as its mirror, which was taught."""
    blank(axis, 34, 6.2)
    axis.set_title("(c) two mechanisms that fit the training data", loc="left")
    for row in unseen.drop_duplicates("mapping").itertuples():
        key, (a, b) = row.label - row.shift, (row.anchor_1, row.anchor_2)
        if row.mapping == "inferential":
            _chain(axis, 4.6, [key, row.between, row.label], [f"anchor {a}", f"anchor {b}"], INFERENTIAL)
            words = "reasoning: one anchor after the other (inferential)"
        else:
            _chain(axis, 1.5, [key, row.label], [f"pair ({b},{a}), in either order"], SYMMETRIC)
            words = "memorizing: the mirrored pair, seen in training (symmetric)"
        axis.text(17.5, 4.6 if row.mapping == "inferential" else 1.5, words, va="center", color=INK)


def _chain(axis: Axes, y: float, values: list[int], steps: list[str], colour: str) -> None:
    """Boxes joined by arrows; a step shows its name and how much it adds."""
    gap = 14.0 / len(steps)
    for place, value in enumerate(values):
        x = 1.2 + place * gap
        box = {"boxstyle": "round,pad=0.35", "facecolor": KEY if place == 0 else colour, "edgecolor": "none"}
        axis.text(x, y, str(value), ha="center", va="center", color="white", fontweight="bold", bbox=box)
        if place:
            arrow = {"arrowstyle": "->", "color": FAINT, "linewidth": 0.9}
            axis.annotate("", (x - 1.1, y), (x - gap + 1.1, y), arrowprops=arrow)
            added = f"{value - values[place - 1]:+d}".replace("-", "−")
            axis.text(x - gap / 2, y + 0.35, steps[place - 1], ha="center", va="bottom", color=FAINT)
            axis.text(x - gap / 2, y - 0.35, added, ha="center", va="top", color=FAINT)
