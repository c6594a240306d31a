"""fig_attention: how sharp attention is and which operation a layer does, against gamma."""

from __future__ import annotations

import matplotlib.pyplot as plt
import pandas as pd
import pyarrow as pa
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from initscale.figures.panels.companions import (
    NEEDS,
    PHASES,
    gamma_panel,
    layers,
    level,
    of_depth,
    phase_legend,
)
from initscale.figures.panels.style import INK, add_caption

_PANELS = (
    ("entropy", "(a) entropy, all queries", False),
    ("entropy_last", "(b) entropy, last query", False),
    ("logit_range", "(c) range of the logits", True),
    ("logit_norm", r"(d) $|W_Q^T W_K|_2 / \sqrt{d}$", True),
    ("shift", "(e) shift", False),
    ("broadcast", "(f) broadcast of the anchors", False),
    ("match", "(g) match", True),
)

__all__ = ["NEEDS", "draw"]


def draw(table: pa.Table, options: dict) -> dict[str, Figure]:
    """Seven scores by layer, and the entropy against the range of the logits."""
    data = of_depth(table.to_pandas(), options)
    data = pd.concat([data, _broadcast(data)], ignore_index=True)
    figure, axes = plt.subplots(2, 4, figsize=(10.5, 5.2), layout="constrained")
    for axis, (quantity, title, log) in zip(axes.flat, _PANELS, strict=False):
        gamma_panel(axis, data, layers(quantity, options["depth"]), title, log)
    uniform = data[data["part"] == ""].groupby("quantity")["value"].first()
    level(axes[1, 0], uniform["shift_uniform"], "uniform attention")
    level(axes[1, 1], 2 * uniform["broadcast_uniform"], "uniform attention")
    level(axes[1, 2], 1.0, "no matching")
    _against_range(axes[1, 3], data, options["depth"])
    phase_legend(figure, data)
    words = (
        f"Depth {options['depth']}. Entropy of a query over the log of the positions it sees. Shift: attention to the "
        "position before. Broadcast: attention of the last token to both anchors. Match: attention of an item to "
        "itself, in units of that to any item; the formula is this project's own."
    )
    add_caption(figure, table, words)
    return {"fig_attention": figure}


def _broadcast(data: pd.DataFrame) -> pd.DataFrame:
    """Both anchors together, by layer."""
    rows = data[data["quantity"] == "broadcast"]
    rows = rows.assign(part=rows["part"].str.split(".").str[0])
    others = [name for name in rows.columns if name != "value"]
    return rows.groupby(others, dropna=False, as_index=False)["value"].sum()


def _against_range(axis: Axes, data: pd.DataFrame, depth: int) -> None:
    runs = ["gamma", "seed", "lr", "weight_decay", "phase", "part"]
    both = data[data["quantity"].isin(["entropy_last", "logit_range"])]
    points = both.pivot_table(index=runs, columns="quantity", values="value").reset_index()
    for layer, marker in zip(range(1, depth + 1), "o^sD", strict=False):
        for phase, (colour, _) in PHASES.items():
            some = points[(points["part"] == f"layer{layer}") & (points["phase"] == phase)]
            look = {"color": colour, "markersize": 4, "markeredgecolor": INK, "markeredgewidth": 0.4, "linestyle": ""}
            axis.plot(some["logit_range"], some["entropy_last"], marker, **look)
    axis.set(xscale="log", xlabel="range of the logits", title="")
    axis.set_title("(h) entropy, last query", loc="left")
    axis.grid(color="0.92")
    axis.spines[["top", "right"]].set_visible(False)
