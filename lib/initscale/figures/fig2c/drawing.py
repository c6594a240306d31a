"""Fig 2c: accuracy on the unseen pair against gamma, for a multi-head GPT-2-style model with either norm."""

from __future__ import annotations

import matplotlib.pyplot as plt
import pandas as pd
import pyarrow as pa
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from initscale.figures.panels.accuracy_map import std_axis
from initscale.figures.panels.style import INFERENTIAL, SEEN, SYMMETRIC, add_caption

NEEDS = ("study", "norm", "heads", "depth", "gamma", "embedding_std", "seed", "mapping", "accuracy", "seen_accuracy")
_LINES = {
    "symmetric": (SYMMETRIC, "o", "unseen pair, symmetric"),
    "inferential": (INFERENTIAL, "s", "unseen pair, inferential"),
}


def draw(table: pa.Table, options: dict) -> dict[str, Figure]:
    """One panel per study, in the order of the table."""
    data = table.to_pandas()
    studies = list(dict.fromkeys(data["study"]))
    size = (3.1 * len(studies) + 0.3, 3.5)
    figure, axes = plt.subplots(1, len(studies), figsize=size, sharey=True, squeeze=False, layout="constrained")
    for axis, study in zip(axes[0], studies, strict=True):
        part = data[data["study"] == study]
        _panel(axis, part)
        norm, heads, depth = (part[name].iloc[0] for name in ("norm", "heads", "depth"))
        axis.set_title(f"{norm}-norm, {depth} layers, {heads} heads", loc="left", pad=8)
    axes[0, 0].set_ylabel("accuracy")
    figure.legend(*axes[0, 0].get_legend_handles_labels(), loc="outside upper center", ncols=3, frameon=False)
    add_caption(figure, table, "Mean and standard deviation over runs (error bars); dots: single runs.")
    return {"fig2c": figure}


def _panel(axis: Axes, data: pd.DataFrame) -> None:
    seen = data[data["mapping"] == "inferential"].groupby("gamma")["seen_accuracy"].mean()
    axis.plot(seen.index, seen, linestyle=":", color=SEEN, label="seen pairs, test keys")
    for mapping, (colour, marker, label) in _LINES.items():
        rows = data[data["mapping"] == mapping]
        accuracy = rows.groupby("gamma")["accuracy"]
        mean, deviation = accuracy.mean(), accuracy.std()  # of a single run: nan, which draws no bar
        look = {"color": colour, "marker": marker, "markersize": 4, "capsize": 3}
        axis.errorbar(mean.index, mean, deviation, label=label, **look)
        axis.plot(rows["gamma"], rows["accuracy"], ".", color=colour, markersize=3, alpha=0.5)
    axis.set_ylim(-0.04, 1.04)
    axis.set_xlabel(r"initialization rate $\gamma$")
    std_axis(axis, mean.index, data)
    axis.grid(axis="y", color="0.92")
    axis.spines[["top", "right"]].set_visible(False)
