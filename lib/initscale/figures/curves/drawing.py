"""Training curves of any study: a panel for the training loss and for everything that its history scores."""

from __future__ import annotations

import matplotlib.pyplot as plt
import pandas as pd
import pyarrow as pa
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from initscale.figures.panels.style import add_caption

NEEDS = ("gamma", "depth", "size", "lr", "weight_decay", "seed", "step", "quantity", "value")
_RUN = ["gamma", "depth", "size", "lr", "weight_decay", "seed"]
_COLUMNS = 4


def draw(table: pa.Table, options: dict) -> dict[str, Figure]:
    """One panel per quantity, one line per run, coloured by gamma."""
    data = table.to_pandas()
    quantities, gammas = list(data["quantity"].unique()), sorted(data["gamma"].unique())
    colours = dict(zip(gammas, plt.get_cmap("viridis")([i / len(gammas) for i in range(len(gammas))]), strict=True))
    columns = min(_COLUMNS, len(quantities))
    rows = -(-len(quantities) // columns)
    size, kinds = (1.0 + 2.2 * columns, 1.0 + 1.7 * rows), {"squeeze": False, "layout": "constrained"}
    figure, axes = plt.subplots(rows, columns, figsize=size, **kinds)
    for axis, quantity in zip(axes.flat, quantities, strict=False):
        _panel(axis, data[data["quantity"] == quantity], colours)
        axis.set_title(quantity, fontsize="small")
    for axis in list(axes.flat)[len(quantities) :]:
        axis.remove()
    figure.supxlabel("training step", fontsize=plt.rcParams["font.size"])
    handles = [plt.Line2D([], [], color=colour, label=rf"$\gamma$ = {gamma:g}") for gamma, colour in colours.items()]
    figure.legend(handles=handles, loc="outside upper center", ncols=min(8, len(handles)), frameon=False)
    add_caption(figure, table)
    return {"curves": figure}


def _panel(axis: Axes, rows: pd.DataFrame, colours: dict) -> None:
    for (gamma, *_), run in rows.groupby(_RUN, dropna=False):
        axis.plot(run["step"], run["value"], color=colours[gamma], linewidth=0.9, alpha=0.8)
    if rows["quantity"].iloc[0].startswith("acc_"):
        axis.set_ylim(-0.03, 1.03)
    else:
        axis.set_yscale("log")
    axis.spines[["top", "right"]].set_visible(False)
