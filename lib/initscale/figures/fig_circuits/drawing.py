"""The causal check: what models of each phase still answer when attention along a path is blocked.

A run belongs to a panel by its own answers to the unseen pair, not by its gamma.
"""

from __future__ import annotations

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import pyarrow as pa
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Patch

from initscale.figures.panels.style import FAINT, INFERENTIAL, SEEN, SYMMETRIC, add_caption

NEEDS = (
    "answers",
    "gamma",
    "depth",
    "seed",
    "lr",
    "weight_decay",
    "score",
    "path",
    "layer",
    "group",
    "measure",
    "value",
)
_SERIES = {
    ("unseen", "symmetric"): (SYMMETRIC, "unseen pair, symmetric"),
    ("unseen", "inferential"): (INFERENTIAL, "unseen pair, inferential"),
    ("seen", "taught"): (SEEN, "seen pairs"),
}
_PATHS = {"key_to_anchors": "key→anchors", "anchors_to_last": "anchors→last", "key_to_last": "key→last"}
_PHASES = ("symmetric", "inferential")


def draw(table: pa.Table, options: dict) -> dict[str, Figure]:
    """One panel per phase: accuracies as trained, then with every path blocked in every layer and in all."""
    data = table.to_pandas()
    data = data[data["depth"] == options["depth"]]
    size = (4.2 + 1.9 * options["depth"], 5.2)
    figure, axes = plt.subplots(2, 1, figsize=size, layout="constrained")
    for axis, letter, phase in zip(axes, "ab", _PHASES, strict=True):
        shown = data[data["answers"] == phase]
        _panel(axis, shown[shown["score"].isna()], options["depth"])
        axis.set_title(f"({letter}) runs with {phase} answers to the unseen pair", loc="left", pad=20)
        note = axis.text(0, 1.05, _scores(shown), transform=axis.transAxes, color=FAINT)
        note.set_fontsize(plt.rcParams["font.size"] - 1)
        note.set_in_layout(False)
    handles = [Patch(color=colour, label=label) for colour, label in _SERIES.values()]
    figure.legend(handles=handles, loc="outside upper center", ncols=3, frameon=False)
    words = (
        f"Depth {options['depth']}; a run belongs to a panel if more than {options['answered']:.0%} of its answers "
        "are of that kind. Bars: mean over runs; dots: runs. A blocked score is −∞ before the softmax, so the "
        "reader's other weights "
        "grow to sum 1. Loss: fall of the accuracy under the run's own mapping when the circuit of Fig 3a "
        "(anchors→last in layer 1, key→last in the last layer) or 3c (key→anchors in layer 1, anchors→last in the last "
        "layer) is blocked, mean of its two steps; switch: rise of symmetric accuracy when the latter is blocked."
    )
    add_caption(figure, table, words)
    return {"fig_circuits": figure}


def _scores(shown: pd.DataFrame) -> str:
    if shown.empty:
        return "no run"
    means = shown[shown["score"].notna()].groupby("score")["value"].mean()
    runs = shown.drop_duplicates(["gamma", "seed", "lr", "weight_decay"])
    words = {
        "symmetric_circuit_loss": "loss: symmetric circuit",
        "inferential_circuit_loss": "inferential circuit",
        "switch": "switch",
    }
    found = [f"{text} {means[name]:.2f}".replace("-", "−") for name, text in words.items() if pd.notna(means.get(name))]
    low, high = runs["gamma"].min(), runs["gamma"].max()
    facts = rf"$\gamma$ = {low:g}" + (f" to {high:g}" if high > low else "") + f", n = {len(runs)}"
    return "; ".join([facts, ", ".join(found)] if found else [facts])


def _panel(axis: Axes, rows: pd.DataFrame, depth: int) -> None:
    blocks = [("none", 0), *((path, layer) for layer in [*range(1, depth + 1), 0] for path in _PATHS)]
    # groups of bars: as trained | layer 1 | ... | all layers, with a gap between them
    places = {block: i + 0.5 * -(-i // len(_PATHS)) for i, block in enumerate(blocks)}
    width = 0.8 / len(_SERIES)
    for number, ((group, measure), (colour, _)) in enumerate(_SERIES.items()):
        part = rows[(rows["group"] == group) & (rows["measure"] == measure)]
        at = np.array([places[path, layer] for path, layer in zip(part["path"], part["layer"], strict=True)])
        at = at + (number - (len(_SERIES) - 1) / 2) * width
        means = part["value"].groupby(at).mean()
        axis.bar(means.index, means, width, color=colour)
        axis.plot(at, part["value"], ".", color="black", markersize=2.5, alpha=0.6)
    labels = ["as trained", *(_PATHS[path].replace("→", "→\n") for path, _ in blocks[1:])]
    axis.set_xticks(list(places.values()), labels)
    for first in range(1, len(blocks), len(_PATHS)):
        layer = blocks[first][1]
        middle = places[blocks[first + 1]]
        words = f"blocked in layer {layer}" if layer else "in all layers"
        axis.text(middle, 1.05, words, ha="center", va="bottom", color=FAINT)
    axis.set(ylim=(0, 1.2), ylabel="accuracy", xlim=(-0.7, max(places.values()) + 0.7))
    axis.set_yticks([0, 0.5, 1])
    axis.spines[["top", "right"]].set_visible(False)
