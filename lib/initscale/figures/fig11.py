"""Fig 11: the projections of Fig 5c,d for every depth and gamma; ``fig11`` with t-SNE, ``fig11_pca`` with PCA.

The paper's caption says "scale increases" where gamma increases (see Fig 10).
"""

from __future__ import annotations

import pyarrow as pa
from matplotlib.figure import Figure

from initscale.figures.panels import NEEDS, item_bar, items_panel, run_grid
from initscale.figures.style import add_caption

__all__ = ["NEEDS", "draw"]

_STEMS = {"fig11": ("tsne", "t-SNE"), "fig11_pca": ("pca", "PCA")}


def draw(table: pa.Table, options: dict) -> dict[str, Figure]:
    """A grid of projections, gamma on columns and depth on rows, for each kind of projection."""
    return {stem: _grid(table, *projection) for stem, projection in _STEMS.items()}


def _grid(table: pa.Table, projection: str, name: str) -> Figure:
    data = table.to_pandas()
    figure, axes = run_grid(data, lambda axis, run: items_panel(axis, run, projection, brief=True))
    item_bar(figure, axes.ravel().tolist(), data)
    add_caption(figure, table, f"Item embeddings, {name}; each number is an item.")
    return figure
