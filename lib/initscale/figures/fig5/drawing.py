"""Fig 5: condensation of W_Q in layer 1 (a, b) and structure of the item embeddings (c, d), one run per phase.

``fig5`` projects the embeddings with t-SNE (the paper's text), ``fig5_pca`` with PCA (the authors' later code).
"""

from __future__ import annotations

import matplotlib.pyplot as plt
import pandas as pd
import pyarrow as pa
from matplotlib.figure import Figure

from initscale.figures.panels.single_runs import (
    NEEDS,
    cosine_bar,
    cosine_panel,
    item_bar,
    items_panel,
    of_projection,
    one_run,
    shown_gammas,
)
from initscale.figures.panels.style import add_caption
from initscale.tasks.anchor.definition import INFERENTIAL, SYMMETRIC, answer_name

__all__ = ["NEEDS", "draw"]

_STEMS = {"fig5": ("tsne", "t-SNE"), "fig5_pca": ("pca", "PCA")}


def draw(table: pa.Table, options: dict) -> dict[str, Figure]:
    """Both versions: left the run chosen for the inferential phase, right that for the symmetric one.

    The titles do not name the phase but say what the runs do.
    """
    return {stem: _version(table, options, *projection) for stem, projection in _STEMS.items()}


def _version(table: pa.Table, options: dict, projection: str, name: str) -> Figure:
    data, size = table.to_pandas(), plt.rcParams["font.size"]
    figure, axes = plt.subplots(2, 2, figsize=(7.0, 6.6), layout="constrained")
    symmetric, *_, inferential = shown_gammas(data, list(options["gammas"].values()))
    for (top, bottom), letters, gamma in zip(axes.T, ("ac", "bd"), (inferential, symmetric), strict=True):
        run = one_run(data, gamma, options["depth"])
        cosine_panel(top, run, options["cosine_map"])
        items_panel(bottom, run, projection)
        setting = rf"$\gamma$ = {gamma:g}: {outcome(run, options)}"
        for axis, letter in zip((top, bottom), letters, strict=True):
            axis.set_title(f"({letter}) {setting}", loc="left", fontsize=size)
    axes[0, 0].set_ylabel(r"output neuron of $W_Q$, layer 1 (grouped)")
    axes[1, 0].set_ylabel(f"item embeddings, {name}")
    cosine_bar(figure, list(axes[0]), options["cosine_map"])
    item_bar(figure, list(axes[1]), data)
    add_caption(figure, of_projection(table, projection))
    return figure


def outcome(run: pd.DataFrame, options: dict) -> str:
    """Accuracy of a run on the unseen pair under each mapping that its history has."""
    pair, keys = options["unseen"], options["keys"]
    parts = {answer_name(pair, mapping, keys): mapping for mapping in (INFERENTIAL, SYMMETRIC)}
    accuracy = run[run["quantity"] == "accuracy"].set_index("part")["value"]
    return ", ".join(f"{mapping} {accuracy[part]:.2f}" for part, mapping in parts.items() if part in accuracy.index)
