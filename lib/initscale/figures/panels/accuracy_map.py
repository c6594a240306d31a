"""What figures of accuracies over a grid share: the heat map of Figs 2 and 14, and the axis of standard deviations."""

from __future__ import annotations

from collections.abc import Sequence

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import seaborn as sns
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle


def accuracy_map(axis: Axes, data: pd.DataFrame, rows: str, columns: str, options: dict) -> pd.DataFrame:
    """Draw mean accuracy over ``columns`` (from the left) and ``rows`` (upwards).

    Parameters
    ----------
    data : one row per run with the columns ``rows``, ``columns``, accuracy and seen_accuracy.
    options : ``accuracy_map`` (colours) and ``shade_below`` (seen accuracy under which a cell is hatched).

    Returns
    -------
    The means, as they are drawn: index and columns are the tick positions.
    """
    means = data.groupby([rows, columns])[["accuracy", "seen_accuracy"]].mean().reset_index()
    accuracy, seen = (
        means.pivot(index=rows, columns=columns, values=name).sort_index(ascending=False)
        for name in ("accuracy", "seen_accuracy")
    )
    sns.heatmap(
        accuracy,
        ax=axis,
        vmin=0,
        vmax=1,
        cmap=options["accuracy_map"],
        annot=True,
        fmt=".2f",
        annot_kws={"fontsize": plt.rcParams["font.size"] - 2},
        cbar=False,
        linewidths=0.6,
        linecolor="white",
    )
    _hatch(axis, seen.to_numpy() < options["shade_below"])
    return accuracy


def _hatch(axis: Axes, hatched: np.ndarray) -> None:
    for row, column in np.argwhere(hatched):
        cell = {"xy": (column, row), "width": 1, "height": 1, "linewidth": 0}
        axis.add_patch(Rectangle(**cell, facecolor="white", alpha=0.55, zorder=1.5))
        axis.add_patch(Rectangle(**cell, fill=False, hatch="////", edgecolor="0.6", zorder=1.6))
    for text in axis.texts:
        row, column = int(text.get_position()[1]), int(text.get_position()[0])
        if hatched[row, column]:
            text.set(color="black", bbox={"facecolor": "white", "edgecolor": "none", "pad": 1, "alpha": 0.8})


def accuracy_bar(figure: Figure, axis: Axes, axes: list[Axes] | np.ndarray) -> None:
    """Colour bar of ``axis`` beside ``axes``."""
    bar = figure.colorbar(axis.collections[0], ax=axes, shrink=0.9, pad=0.02)
    bar.set_label("accuracy on\nthe unseen pair")
    bar.outline.set_visible(False)


def hatching_words(options: dict) -> str:
    """What the hatching means."""
    return f"Hatched: accuracy on seen pairs (test keys) below {options['shade_below']:.0%}."


def std_axis(axis: Axes, positions: Sequence[float], data: pd.DataFrame) -> None:
    """A second x axis on top: the initial standard deviation of the embedding for each gamma in ``data``."""
    std = data.groupby("gamma")["embedding_std"].first().sort_index()
    top = axis.secondary_xaxis("top")
    top.set_xticks(positions, [f"{value:.2g}" for value in std])
    top.set_xlabel("initial std of the embedding", labelpad=9)
    top.tick_params(length=0)
    top.spines[:].set_visible(False)
