"""Four panels over gamma: accuracy of every split, training loss, stable rank, condensation."""

from __future__ import annotations

import matplotlib.pyplot as plt
import pandas as pd
import pyarrow as pa
import seaborn as sns
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from initscale.figures.panels.style import FAINT, SEEN, add_caption

NEEDS = ("gamma", "seed", "kind", "part", "value")
_TITLES = {
    "accuracy": "accuracy",
    "loss": "training loss (nats)",
    "stable_rank": "stable rank, after / before",
    "mean_abs_cosine": "mean |cosine| of rows",
}


def draw(table: pa.Table, options: dict) -> dict[str, Figure]:
    """Lines are means over seeds, dots single runs; of the weights, means over all of them."""
    data = table.to_pandas()
    figure, axes = plt.subplots(1, 4, figsize=(9.6, 2.5), layout="constrained")
    for axis, (kind, title) in zip(axes, _TITLES.items(), strict=True):
        rows = data[data["kind"] == kind]
        _splits(axis, rows) if kind == "accuracy" else _curve(axis, _mean(rows, ["gamma", "seed"]), SEEN)
        axis.set(title=title, xlabel=r"$\gamma$", xticks=sorted(data["gamma"].unique()))
        axis.spines[["top", "right"]].set_visible(False)
    axes[0].set_ylim(-0.03, 1.03)
    losses = data.loc[data["kind"] == "loss", "value"]
    if losses.max() > 10 * losses.min() > 0:
        axes[1].set_yscale("log")
    axes[2].axhline(1, color=FAINT, linewidth=0.6, linestyle=":")
    add_caption(figure, table, "End of every run; lines: means over seeds; weights: mean over all matrices.")
    return {"fig_sweep": figure}


def _splits(axis: Axes, rows: pd.DataFrame) -> None:
    splits = list(dict.fromkeys(rows["part"]))
    for split, colour in zip(splits, sns.color_palette("colorblind", len(splits)), strict=True):
        _curve(axis, rows[rows["part"] == split], colour, split)
    axis.legend(frameon=False, handlelength=1)


def _curve(axis: Axes, rows: pd.DataFrame, colour, label: str | None = None) -> None:
    means = _mean(rows, ["gamma"])
    axis.plot(means["gamma"], means["value"], color=colour, label=label, linewidth=1.2)
    axis.scatter(rows["gamma"], rows["value"], color=colour, s=9, alpha=0.6, linewidths=0)


def _mean(rows: pd.DataFrame, keys: list[str]) -> pd.DataFrame:
    return rows.groupby(keys, as_index=False)["value"].mean()
