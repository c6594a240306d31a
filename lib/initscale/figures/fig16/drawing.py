"""Fig 16: the projections of Fig 5c,d for every learning rate and weight decay, both (3,4) and (4,3) unseen.

``fig16`` with t-SNE, ``fig16_pca`` with PCA.
"""

from __future__ import annotations

import pyarrow as pa
from matplotlib.figure import Figure

from initscale.figures.panels.single_runs import NEEDS, item_grids

__all__ = ["NEEDS", "draw"]


def draw(table: pa.Table, options: dict) -> dict[str, Figure]:
    """A grid of projections, learning rate on columns and weight decay on rows, larger ones on top as in Fig 14."""
    return item_grids(table, "fig16", rows="weight_decay", columns="lr")
