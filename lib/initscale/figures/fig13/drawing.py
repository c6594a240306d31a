"""Fig 13: singular values of every linear layer, one panel per layer, one line per gamma.

The paper's caption calls gamma = 0.5 the small and gamma = 0.8 the large initialization. It is the other way round:
every weight starts with standard deviation d^-gamma. The labels here give gamma only.
"""

from __future__ import annotations

import matplotlib.pyplot as plt
import pandas as pd
import pyarrow as pa
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from initscale.figures.panels.single_runs import NEEDS, one_run, score_of, shown_gammas
from initscale.figures.panels.style import add_caption

__all__ = ["NEEDS", "draw"]

DECADES = 5
"""Orders of magnitude shown below the largest singular value of a panel."""
# in the order of gamma; dark to light, and with markers, so that a grey copy can be read too
_LINES = (("#E69F00", "s"), ("#0072B2", "o"), ("#009E73", "^"), ("#CC79A7", "v"))
_NAMES = {
    "attn.q": "$W_Q$",
    "attn.k": "$W_K$",
    "attn.v": "$W_V$",
    "attn.o": "$W_O$",
    "ffn.up": "FFN 1",
    "ffn.down": "FFN 2",
    "output": "output",
}


def draw(table: pa.Table, options: dict) -> dict[str, Figure]:
    """One row of panels per layer, the output projection at the end of the last row."""
    data = table.to_pandas()
    gammas = shown_gammas(data, options["gammas"])
    runs = {gamma: one_run(data, gamma, options["depth"]) for gamma in gammas}
    depth, columns = options["depth"], len(_NAMES)
    size = (1.45 * columns + 0.4, 1.6 * depth + 0.6)
    figure, axes = plt.subplots(depth, columns, figsize=size, squeeze=False, layout="constrained")
    for layer, row in enumerate(axes):
        for axis, (part, name) in zip(row, _NAMES.items(), strict=True):
            where = part if part == "output" else f"layers.{layer}.{part}"
            if part == "output" and layer < depth - 1:
                axis.set_visible(False)
                continue
            _panel(axis, runs, where)
            axis.set_title(name if part == "output" else f"{name}, layer {layer + 1}")
        row[0].set_ylabel("singular value")
    for axis in axes[-1]:
        axis.set_xlabel("index")
    figure.legend(*axes[0, 0].get_legend_handles_labels(), loc="outside upper center", ncols=4, frameon=False)
    add_caption(figure, table, "In each panel: the stable ranks, in the colours of the lines.")
    return {"fig13": figure}


def _panel(axis: Axes, runs: dict[float, pd.DataFrame], part: str) -> None:
    drawn = []
    for place, ((gamma, run), (colour, marker)) in enumerate(zip(runs.items(), _LINES, strict=False)):
        values = run[(run["quantity"] == "singular_value") & (run["part"] == part)].sort_values("i")
        label = rf"$\gamma$ = {gamma:g}"
        axis.plot(values["i"], values["value"], marker, ls="-", lw=0.8, ms=2, color=colour, label=label)
        text = f"{score_of(run, 'stable_rank', part):.1f}"
        axis.text(0.04 + 0.36 * place, 0.03, text, transform=axis.transAxes, ha="left", va="bottom", color=colour)
        drawn.append(values["value"])
    axis.set_yscale("log")
    everything = pd.concat(drawn)
    lowest = max(everything.min(), everything.max() * 10.0**-DECADES)
    axis.set_ylim(bottom=lowest * (lowest / everything.max()) ** 0.25)  # room for the numbers below the curves
    axis.spines[["top", "right"]].set_visible(False)
