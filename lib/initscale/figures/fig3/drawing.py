"""Fig 3: where information flows in the two phases, and the fused states of mirrored pairs."""

from __future__ import annotations

import matplotlib.patheffects as effects
import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import pyarrow as pa
import seaborn as sns
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from initscale.figures.panels.style import ANCHOR_1, ANCHOR_2, FAINT, INK, KEY, NOISE, add_caption

NEEDS = (
    "panel", "gamma", "depth", "seed", "kind", "layer", "head", "query", "source", "query_role", "source_role",
    "query_token", "source_token", "score", "value", "n", "x", "y", "anchor_1", "anchor_2", "perplexity",
)  # fmt: skip
_ROLES = {"key": KEY, "anchor_1": ANCHOR_1, "anchor_2": ANCHOR_2}
_ANSWERS = {"symmetric_accuracy": "answers: symmetric", "inferential_accuracy": "inferential"}
_ROUTES = {"symmetric_route": "routes: symmetric", "inferential_route": "inferential"}
_COMMUTATIVITY = {"ao_commutativity": "commutativity"}
_WIDEST = 6.0  # points, for an attention weight of 1
_HUES = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9")


def draw(table: pa.Table, options: dict) -> dict[str, Figure]:
    """(a) flow in the symmetric phase, (b) t-SNE of its Xao(1), (c) flow in the inferential phase."""
    data = table.to_pandas()
    figure, axes = plt.subplots(1, 3, figsize=(9.6, 3.5), width_ratios=[1, 1.15, 1], layout="constrained")
    for axis, letter, phase in ((axes[0], "a", "symmetric"), (axes[2], "c", "inferential")):
        shown = data[(data["kind"] == "displayed") & (data["panel"] == phase)]
        _flow(axis, shown)
        _title(axis, f"({letter}) {phase} phase", shown, data, _ROUTES)
    points = data[data["kind"] == "tsne"]
    _projection(axes[1], points)
    _title(axes[1], "(b) fused states, symmetric phase", points, data, _COMMUTATIVITY)
    add_caption(figure, table, _words(points))
    return {"fig3": figure}


def _title(axis: Axes, words: str, shown: pd.DataFrame, data: pd.DataFrame, names: dict[str, str]) -> None:
    run, answers, scores = shown.iloc[0], _scores(data, shown, _ANSWERS), _scores(data, shown, names)
    axis.set_title(words, loc="left", pad=30)
    text = rf"$\gamma$ = {run['gamma']:g}; {answers}" + f"\n{scores}"
    note = axis.text(0, 1.02, text, transform=axis.transAxes, color=FAINT, fontsize=plt.rcParams["font.size"] - 1.5)
    note.set_in_layout(False)


def _scores(data: pd.DataFrame, shown: pd.DataFrame, words: dict[str, str]) -> str:
    """Scores of the run that is shown."""
    axes = ["gamma", "depth", "seed"]
    same = data[(data["kind"] == "score") & (data[axes] == shown.iloc[0][axes]).all(axis=1)]
    values = same.drop_duplicates("score").set_index("score")["value"]
    return ", ".join(f"{text} {values[name]:.2f}" for name, text in words.items() if name in values).replace("-", "−")


def _flow(axis: Axes, shown: pd.DataFrame) -> None:
    """Rows of nodes: tokens at the bottom, then the output of every layer; a line is as wide as its attention."""
    mean = shown.groupby(["layer", "query", "source"], as_index=False).agg({"value": "mean", "source_role": "first"})
    nodes = shown.drop_duplicates("query").set_index("query").sort_index()
    depth, last = int(shown["layer"].max()), int(nodes.index.max())
    for line in mean.sort_values("value").itertuples():
        colour = _ROLES.get(line.source_role, NOISE)
        ends = (line.source, line.query), (line.layer - 1, line.layer)
        axis.plot(*ends, color=colour, linewidth=_WIDEST * line.value, solid_capstyle="butt", zorder=1, alpha=0.9)
    for layer in range(depth + 1):
        for place, node in nodes.iterrows():
            colour = _ROLES.get(node["query_role"], NOISE)
            axis.scatter(place, layer, s=260 if layer == 0 else 90, color=colour, edgecolors="white", zorder=2)
            if layer == 0:
                ink = INK if colour in (NOISE, ANCHOR_2) else "white"
                axis.text(place, 0, int(node["query_token"]), ha="center", va="center", color=ink, zorder=3)
    axis.set(xlim=(-0.6, last + 0.6), ylim=(-0.62, depth + 0.3))
    for place, role in nodes["query_role"].items():
        words = {"key": "key", "anchor_1": "$a_1$", "anchor_2": "$a_2$", "last": "last"}.get(role)
        if words:
            axis.text(place, -0.48, words, ha="center", va="center", color=_ROLES.get(role, FAINT))
    axis.set_yticks(range(depth + 1), ["tokens", *(f"layer {layer}" for layer in range(1, depth + 1))])
    axis.set_xticks([])
    axis.tick_params(length=0)
    axis.spines[:].set_visible(False)


def _projection(axis: Axes, points: pd.DataFrame) -> None:
    """Mirrored pairs share a hue, the second order lighter; pairs of equal anchors are grey."""
    colours = pair_colours(points)
    order = points.sample(frac=1, random_state=0) if len(points) else points  # no pair lies on top of all others
    axis.scatter(
        order["x"],
        order["y"],
        s=np.clip(4000 / max(len(order), 1) ** 0.8, 3, 14),
        color=[colours[pair] for pair in zip(order["anchor_1"], order["anchor_2"], strict=True)],
        linewidths=0,
        rasterized=True,
    )
    anchors = points[["anchor_1", "anchor_2"]].astype(int)
    for (a, b), part in points.groupby([anchors.min(axis=1), anchors.max(axis=1)]):
        x, y = _densest(part)
        text = axis.text(
            x, y, f"{a},{b}", ha="center", va="center", fontsize=plt.rcParams["font.size"] - 2.5, color=INK
        )
        text.set_path_effects([effects.withStroke(linewidth=2, foreground="white")])
    axis.set(xticks=[], yticks=[], xlabel="t-SNE 1", ylabel="t-SNE 2")


def pair_colours(points: pd.DataFrame) -> dict[tuple[int, int], tuple]:
    """Colour of every ordered pair: one hue per mirrored pair, greys for equal anchors."""
    pairs = sorted({(int(min(p)), int(max(p))) for p in zip(points["anchor_1"], points["anchor_2"], strict=True)})
    mirrored, equal = [p for p in pairs if p[0] != p[1]], [p for p in pairs if p[0] == p[1]]
    hues = [*_HUES, *sns.husl_palette(max(0, len(mirrored) - len(_HUES)))]
    greys = sns.color_palette("Greys", len(equal) + 3)[2:]
    colours = {pair: tuple(greys[i]) for i, pair in enumerate(equal)}
    for pair, hue in zip(mirrored, hues, strict=False):
        colours[pair] = plt.matplotlib.colors.to_rgb(hue)
        colours[pair[::-1]] = tuple(sns.light_palette(hue, 5)[2])
    return colours


def _densest(part: pd.DataFrame) -> tuple[float, float]:
    """Centre of the fullest cell of a coarse grid: a place inside a cluster, not between two."""
    counts, x, y = np.histogram2d(part["x"], part["y"], bins=6)
    i, j = np.unravel_index(counts.argmax(), counts.shape)
    return (x[i] + x[i + 1]) / 2, (y[j] + y[j + 1]) / 2


def _words(points: pd.DataFrame) -> str:
    return (
        "(a, c) One sequence of the unseen pair; line width = attention weight (mean over heads), colour = token that "
        "is read; the residual connection is not drawn. Answers: accuracy on the unseen pair. Routes: attention along "
        "the two-step mechanism, mean over sequences, 0 to 1. (b) t-SNE of $X^{ao(1)}$ at the last token, "
        f"n = {len(points):,} sequences (test keys, last token is noise), perplexity {points['perplexity'].iloc[0]:g}; "
        "mirrored pairs share a hue and "
        "a label a,b; the order (b,a) with b > a is lighter; commutativity: mean cosine of mirrored pairs minus that "
        "of other pairs."
    )
