"""Fig 11: the projections of Fig 5c,d for every depth and gamma; ``fig11`` with t-SNE, ``fig11_pca`` with PCA.

The paper's caption says "scale increases" where gamma increases (see Fig 10).
"""

from __future__ import annotations

import pyarrow as pa
from matplotlib.figure import Figure

from initscale.figures.panels.single_runs import NEEDS, item_grids

__all__ = ["NEEDS", "draw"]


def draw(table: pa.Table, options: dict) -> dict[str, Figure]:
    """A grid of projections, gamma on columns and depth on rows, for each kind of projection."""
    return item_grids(table, "fig11")
