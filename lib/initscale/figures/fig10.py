"""Fig 10: the cosine matrices of Fig 5a,b for every depth and gamma.

The paper's caption says that condensation grows "as the scale increases" where gamma increases, that is, where the
initial weights shrink. Here the columns say gamma.
"""

from __future__ import annotations

import pyarrow as pa
from matplotlib.figure import Figure

from initscale.figures.panels import NEEDS, cosine_bar, cosine_panel, run_grid
from initscale.figures.style import add_caption

__all__ = ["NEEDS", "draw"]


def draw(table: pa.Table, options: dict) -> dict[str, Figure]:
    """A grid of matrices, gamma on columns and depth on rows."""
    colours = options["cosine_map"]
    figure, axes = run_grid(table.to_pandas(), lambda axis, run: cosine_panel(axis, run, colours, brief=True))
    cosine_bar(figure, axes.ravel().tolist(), colours)
    add_caption(figure, table, r"Cosine similarity of the output neurons of $W_Q$ in layer 1.")
    return {"fig10": figure}
