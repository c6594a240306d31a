"""Training curves (beyond the paper): when each run finds its answer to the unseen pair, over gamma and depth."""

from __future__ import annotations

import matplotlib.pyplot as plt
import pandas as pd
import pyarrow as pa
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from initscale.figures.panels.style import INFERENTIAL, SEEN, SYMMETRIC, add_caption

NEEDS = ("gamma", "depth", "seed", "step", "symmetric", "inferential", "seen")
_LINES = {
    "symmetric": (SYMMETRIC, "unseen pair, symmetric"),
    "inferential": (INFERENTIAL, "unseen pair, inferential"),
    "seen": (SEEN, "seen pairs, test keys"),
}


def draw(table: pa.Table, options: dict) -> dict[str, Figure]:
    """One panel per gamma (columns) and depth (rows)."""
    data = table.to_pandas()
    data = data[data["shown"]] if "shown" in data else data
    gammas, depths = sorted(data["gamma"].unique()), sorted(data["depth"].unique())
    size = (1.2 + 1.45 * len(gammas), 1.3 + 1.25 * len(depths))
    kinds = {"sharex": True, "sharey": True, "squeeze": False, "layout": "constrained"}
    figure, axes = plt.subplots(len(depths), len(gammas), figsize=size, **kinds)
    for row, depth in enumerate(depths):
        for column, gamma in enumerate(gammas):
            axis = axes[row, column]
            _panel(axis, data[(data["gamma"] == gamma) & (data["depth"] == depth)])
            if row == 0:
                axis.set_title(rf"$\gamma$ = {gamma:g}")
            if column == 0:
                axis.set_ylabel(f"depth {depth}\naccuracy")
    figure.supxlabel("training step", fontsize=plt.rcParams["font.size"])
    handles = [plt.Line2D([], [], color=color, label=label) for color, label in _LINES.values()]
    figure.legend(handles=handles, loc="outside upper center", ncols=len(_LINES), frameon=False)
    add_caption(figure, table, "Every run, at every evaluation; runs that settle early stop early.")
    return {"fig_curves": figure}


def _panel(axis: Axes, runs: pd.DataFrame) -> None:
    for name, (color, _) in _LINES.items():
        for _, run in runs.groupby("seed"):
            axis.plot(run["step"], run[name], color=color, linewidth=0.9, alpha=0.8)
    axis.set_ylim(-0.03, 1.03)
    axis.spines[["top", "right"]].set_visible(False)
