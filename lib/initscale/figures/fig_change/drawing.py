"""fig_change: rank and size of what training adds to the weights, against gamma."""

from __future__ import annotations

import matplotlib.pyplot as plt
import pyarrow as pa
from matplotlib.figure import Figure

from initscale.figures.panels.companions import (
    NEEDS,
    Series,
    gamma_panel,
    of_depth,
    phase_legend,
    std_ticks,
)
from initscale.figures.panels.style import FAINT, add_caption

__all__ = ["NEEDS", "draw"]

_MEANS = [Series("change_stable_rank", "ffn", "feed-forward"), Series("change_stable_rank", "tokens", "item embedding")]
_SIZES = [
    Series("change_relative", "ffn", "feed-forward: |D| / |c W₀|"),
    Series("parameters_relative", "", "all: |θ − θ₀| / |θ₀|"),
]


def draw(table: pa.Table, options: dict) -> dict[str, Figure]:
    """Ranks of the query-key and output-value products and of the feed-forward weights; size of the change."""
    data = of_depth(table.to_pandas(), options)
    rank = "change_stable_rank"
    products = [
        [Series(rank, f"layers.{i}.{kind}", f"layer {i + 1}") for i in range(options["depth"])] for kind in ("qk", "ov")
    ]
    titles = (r"(a) rank of D: $W_Q^T W_K$", r"(b) $W_O W_V$", "(c) feed-forward, items")
    figure, axes = plt.subplots(1, 4, figsize=(10.5, 3.3), layout="constrained")
    for axis, title, series in zip(axes, titles, (*products, _MEANS), strict=False):
        gamma_panel(axis, data, series, title, log=True)
        for one in series:  # what the difference without c would say
            rows = data[(data["quantity"] == "difference_stable_rank") & (data["part"] == one.part)]
            means = rows.groupby("gamma")["value"].mean()
            axis.plot(means.index, means, color=FAINT, linewidth=0.6, zorder=0)
        axis.set_yticks([1, 2, 5, 10, 20], ["1", "2", "5", "10", "20"])
        axis.minorticks_off()
    _share_limits(axes[:3])
    gamma_panel(axes[3], data, _SIZES, "(d) size of the change", log=True)
    for axis in axes:
        std_ticks(axis, data)
        axis.set_title(axis.get_title("left"), loc="left", pad=8)
    axes[0].set_ylabel("stable rank |D|² / |D|₂²")
    phase_legend(figure, data)
    words = (
        f"Depth {options['depth']}. Thin grey: means of the same for W − W₀, which holds what weight decay takes from "
        "W₀. A run that has learnt little has a low rank for that reason alone."
    )
    add_caption(figure, table, words)
    return {"fig_change": figure}


def _share_limits(axes) -> None:
    limits = [axis.get_ylim() for axis in axes]
    for axis in axes:
        axis.set_ylim(min(0.9, *(low for low, _ in limits)), max(high for _, high in limits))
