"""Fig 5: condensation of W_Q in layer 1 (a, b) and structure of the item embeddings (c, d), one run per phase.

``fig5`` projects the embeddings with t-SNE (the paper's text), ``fig5_pca`` with PCA (the authors' later code).
"""

from __future__ import annotations

import matplotlib.pyplot as plt
import pyarrow as pa
from matplotlib.figure import Figure

from initscale.figures.panels import NEEDS, cosine_bar, cosine_panel, item_bar, items_panel, one_run
from initscale.figures.style import add_caption

__all__ = ["NEEDS", "draw"]

_STEMS = {"fig5": ("tsne", "t-SNE"), "fig5_pca": ("pca", "PCA")}


def draw(table: pa.Table, options: dict) -> dict[str, Figure]:
    """Both versions: left the inferential, right the symmetric run."""
    return {stem: _version(table, options, *projection) for stem, projection in _STEMS.items()}


def _version(table: pa.Table, options: dict, projection: str, name: str) -> Figure:
    data = table.to_pandas()
    figure, axes = plt.subplots(2, 2, figsize=(6.6, 6.4), layout="constrained")
    for (top, bottom), letters, (phase, gamma) in zip(axes.T, ("ac", "bd"), options["gammas"].items(), strict=True):
        run = one_run(data, gamma, options["depth"])
        cosine_panel(top, run, options["cosine_map"])
        items_panel(bottom, run, projection)
        setting = rf"$\gamma$ = {gamma:g} ({phase})"
        for axis, letter in zip((top, bottom), letters, strict=True):
            axis.set_title(f"({letter}) {setting}", loc="left")
    axes[0, 0].set_ylabel(r"output neuron of $W_Q$, layer 1 (grouped)")
    axes[1, 0].set_ylabel(f"item embeddings, {name}")
    cosine_bar(figure, list(axes[0]), options["cosine_map"])
    item_bar(figure, list(axes[1]), data)
    add_caption(figure, table)
    return figure
