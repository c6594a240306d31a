"""Fig 15: the cosine matrices of Fig 5a,b for every learning rate and weight decay, both (3,4) and (4,3) unseen."""

from __future__ import annotations

import pyarrow as pa
from matplotlib.figure import Figure

from initscale.figures.panels.single_runs import NEEDS, cosine_grid

__all__ = ["NEEDS", "draw"]


def draw(table: pa.Table, options: dict) -> dict[str, Figure]:
    """A grid of matrices, learning rate on columns and weight decay on rows, larger ones on top as in Fig 14."""
    return {"fig15": cosine_grid(table, options["cosine_map"], rows="weight_decay", columns="lr")}
