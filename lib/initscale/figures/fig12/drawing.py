"""Fig 12: eigenvalues of the covariance of the item embeddings, for several gammas (a) and over a training (b)."""

from __future__ import annotations

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import pyarrow as pa
import seaborn as sns
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from initscale.figures.panels.single_runs import NEEDS, one_run, score_of, shown_gammas
from initscale.figures.panels.style import add_caption

__all__ = ["NEEDS", "draw"]

SMALLEST = 1e-9
"""Share of a run's largest eigenvalue below which the others are rounding errors and not drawn."""

_BESIDE = {"frameon": False, "loc": "center left", "bbox_to_anchor": (1.0, 0.5)}


def draw(table: pa.Table, options: dict) -> dict[str, Figure]:
    """(a) the spectrum of every displayed gamma; (b) chosen eigenvalues against the epoch at ``over_time``."""
    data = table.to_pandas()
    figure, axes = plt.subplots(1, 2, figsize=(8.6, 3.3), layout="constrained")
    _spectra(axes[0], data, options)
    followed = data.loc[data["quantity"] == "eigenvalue_at_step", "gamma"].iloc[0]
    _growth(axes[1], one_run(data, followed, options["depth"]), options["gamma_map"])
    axes[1].set_title(rf"(b) over training, $\gamma$ = {followed:g}", loc="left")
    for axis in axes:
        axis.set_yscale("log")
        axis.set_ylabel("eigenvalue of the embedding covariance")
        axis.spines[["top", "right"]].set_visible(False)
        axis.grid(axis="y", color="0.92")
    add_caption(figure, table)
    return {"fig12": figure}


def _colours(name: str, count: int) -> np.ndarray:
    return sns.color_palette(name, as_cmap=True)(np.linspace(0.9, 0.0, count))  # the pale end is hard to see


def _spectra(axis: Axes, data: pd.DataFrame, options: dict) -> None:
    gammas = shown_gammas(data, options["gammas"])
    for gamma, colour in zip(gammas, _colours(options["gamma_map"], len(gammas)), strict=True):
        run = one_run(data, gamma, options["depth"])
        values = run[run["quantity"] == "embedding_eigenvalue"].sort_values("i")
        values = values[values["value"] > SMALLEST * values["value"].max()]
        (top,) = run.loc[run["quantity"] == "embedding_top_share", "part"]
        share = score_of(run, "embedding_top_share", top)
        axis.plot(values["i"], values["value"], "o-", ms=2.5, color=colour, label=rf"$\gamma$ = {gamma:g}: {share:.0%}")
    axis.set_xlabel("index")
    axis.set_title("(a) at the end", loc="left")
    axis.legend(title=f"share of the {top} largest", **_BESIDE)


def _growth(axis: Axes, run: pd.DataFrame, colours: str) -> None:
    epochs = run[run["quantity"] == "epoch"].set_index("j")["value"].sort_index()
    rises = run[run["quantity"] == "rise_step"].set_index("i")["value"]
    courses = run[run["quantity"] == "eigenvalue_at_step"].pivot(index="j", columns="i", values="value")
    for rank, colour in zip(courses.columns, _colours(colours, len(courses.columns))[::-1], strict=True):
        axis.plot(epochs, courses[rank], color=colour, lw=1.2, label=f"{rank}")
        if np.isfinite(rises[rank]):
            axis.plot(epochs[rises[rank]], courses.loc[rises[rank], rank], "o", ms=4, color=colour)
    axis.legend(title="index", **_BESIDE)
    order, risen = score_of(run, "rise_order"), score_of(run, "risen")
    text = f"{risen:.0f} eigenvalues grow"
    if np.isfinite(order):
        text += f"; rank correlation of index and rise {order:.2f}"
    axis.set_xlabel(f"epoch\n{text}")
