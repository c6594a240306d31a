"""Panels that the figures of single runs share: grouped cosine matrices and labelled item projections."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import pyarrow as pa
from matplotlib.axes import Axes
from matplotlib.cm import ScalarMappable
from matplotlib.colors import LinearSegmentedColormap, Normalize
from matplotlib.figure import Figure

from initscale.figures.panels.style import add_caption

NEEDS = ("gamma", "depth", "lr", "weight_decay", "shown", "quantity", "part", "i", "j", "value")
"""Columns of the long tables that these panels read."""

# from dark blue to orange: dark enough on white at both ends, ordered in grey too
ITEM_MAP = LinearSegmentedColormap.from_list("items", plt.get_cmap("plasma")(np.linspace(0.0, 0.76, 256)))


_AXIS_TEXTS = {
    "gamma": lambda value: rf"$\gamma$ = {value:g}",
    "depth": lambda value: f"depth {value}",
    "lr": lambda value: f"peak rate {rate_text(value)}",
    "weight_decay": lambda value: f"weight decay {value:g}",
}
_FROM_THE_TOP = {"depth": True, "weight_decay": False}
"""Axes that can be rows of a grid: whether the smallest value is on top."""


def rate_text(value: float) -> str:
    """A learning rate in few characters: ``5e-5``, ``2.5e-4``."""
    mantissa, exponent = f"{value:.2e}".split("e")
    return f"{float(mantissa):g}e{int(exponent)}"


def one_run(data: pd.DataFrame, gamma: float, depth: int) -> pd.DataFrame:
    """Rows of the shown run."""
    return data[data["shown"] & (data["gamma"] == gamma) & (data["depth"] == depth)]


def shown_gammas(data: pd.DataFrame, gammas: list[float]) -> list[float]:
    """The configured gammas, ascending; those of the table's shown runs where the table was made with others."""
    shown = sorted(data.loc[data["shown"], "gamma"].unique())
    return sorted(gammas) if set(gammas) <= set(shown) else shown


def score_of(run: pd.DataFrame, quantity: str, part: str = "") -> float:
    """One score of a run."""
    return run.loc[(run["quantity"] == quantity) & (run["part"] == part), "value"].item()


def matrix_of(run: pd.DataFrame, quantity: str) -> pd.DataFrame:
    """A matrix of a run: rows ``i``, columns ``j``."""
    return run[run["quantity"] == quantity].pivot(index="i", columns="j", values="value")


def cosine_panel(axis: Axes, run: pd.DataFrame, colours: str, brief: bool = False) -> None:
    """The cosine matrix of W_Q in grouping order, the scores below it."""
    cosine = matrix_of(run, "cosine").to_numpy()
    size = len(cosine)
    edges = np.arange(size + 1) + 0.5
    axis.pcolormesh(edges, edges, cosine, cmap=colours, vmin=-1, vmax=1, rasterized=True)
    ticks = [] if brief else [1, size]
    axis.set(aspect="equal", ylim=(size + 0.5, 0.5), xticks=ticks, yticks=ticks)
    axis.set_xlabel(condensation_text(run, brief), fontsize=plt.rcParams["font.size"] - (2 if brief else 1))


def condensation_text(run: pd.DataFrame, brief: bool) -> str:
    """Scores at every threshold, strictest first."""
    thresholds = run.loc[run["quantity"] == "pair_share", "part"].tolist()
    share, groups, largest = (
        [score_of(run, name, part) for part in thresholds] for name in ("pair_share", "groups", "largest_group")
    )
    if brief:
        neurons = run.loc[run["quantity"] == "cosine", "i"].max()
        return f"|cos| > {thresholds[0]}: {share[0]:.0%}\n{neurons} neurons, {groups[0]:.0f} groups"
    each = zip(thresholds, share, groups, largest, strict=True)
    return "\n".join(f"|cos| > {t}: {s:.1%} of pairs; {g:.0f} groups, largest {n:.0f}" for t, s, g, n in each)


def items_panel(axis: Axes, run: pd.DataFrame, projection: str, brief: bool = False) -> None:
    """Two-dimensional projection of the items, each as its number, the scores below it."""
    points = matrix_of(run, projection)
    shades = Normalize(points.index.min(), points.index.max())
    small = plt.rcParams["font.size"] - (4 if brief else 2.5)
    axis.scatter(points[1], points[2], s=0)  # sets the limits; texts do not
    for value, x, y in points.itertuples():
        text = {"color": ITEM_MAP(shades(value)), "fontsize": small, "ha": "center", "va": "center"}
        axis.text(x, y, str(value), **text)
    axis.set(xticks=[], yticks=[])
    axis.set_xlabel(order_text(run, projection, brief), fontsize=plt.rcParams["font.size"] - (2 if brief else 1))


def order_text(run: pd.DataFrame, projection: str, brief: bool) -> str:
    """Scores of the embedding; they are those of the full vectors, not of the projection."""
    cosine, euclidean = (score_of(run, f"ordinality_{name}") for name in ("cosine", "euclidean"))
    (steps,) = run.loc[run["quantity"] == "step_share", "part"]
    share, chance = (score_of(run, name, steps) for name in ("step_share", "step_share_chance"))
    explained = run.loc[run["quantity"] == "pca_share", "value"].sum()
    if brief:
        first = f"ordinality {cosine:.2f}\n{steps} away: {share:.0%}"
        return f"{first}\ntwo axes: {explained:.0%}" if projection == "pca" else first
    text = f"ordinality {cosine:.2f} (cosine), {euclidean:.2f} (Euclidean)"
    text += f"\nnearest item {steps} away: {share:.0%} (chance {chance:.0%})"
    return f"{text}\ntwo axes: {explained:.0%} of the variance" if projection == "pca" else text


def cosine_bar(figure: Figure, axes: Sequence[Axes], colours: str) -> None:
    """Colour bar of the cosines."""
    bar = figure.colorbar(ScalarMappable(Normalize(-1, 1), colours), ax=axes, shrink=0.6, pad=0.02, aspect=25)
    bar.set_label("cosine similarity")
    bar.set_ticks([-1, 0, 1])
    bar.outline.set_visible(False)


def item_bar(figure: Figure, axes: Sequence[Axes], data: pd.DataFrame) -> None:
    """Colour bar of the item values."""
    values = data.loc[data["quantity"] == "pca", "i"]
    shades = ScalarMappable(Normalize(values.min(), values.max()), ITEM_MAP)
    bar = figure.colorbar(shades, ax=axes, shrink=0.6, pad=0.02, aspect=25)
    bar.set_label("item value")
    bar.set_ticks([values.min(), values.max()])
    bar.outline.set_visible(False)


def run_grid(
    data: pd.DataFrame, draw: Callable[[Axes, pd.DataFrame], None], rows: str = "depth", columns: str = "gamma"
) -> tuple[Figure, np.ndarray]:
    """One panel per shown run: the axis ``columns`` from left to right, ``rows`` (depth or weight_decay) downwards."""
    shown = data[data["shown"]]
    across = sorted(shown[columns].unique())
    down = sorted(shown[rows].unique(), reverse=not _FROM_THE_TOP[rows])
    size = (1.35 * len(across) + 0.9, 1.62 * len(down) + 0.5)
    figure, axes = plt.subplots(len(down), len(across), figsize=size, squeeze=False, layout="constrained")
    for row, y in zip(axes, down, strict=True):
        for axis, x in zip(row, across, strict=True):
            draw(axis, shown[(shown[columns] == x) & (shown[rows] == y)])
        row[0].set_ylabel(_AXIS_TEXTS[rows](y), fontsize=plt.rcParams["axes.titlesize"])
    for axis, x in zip(axes[0], across, strict=True):
        axis.set_title(_AXIS_TEXTS[columns](x))
    return figure, axes


def cosine_grid(table: pa.Table, colours: str, rows: str = "depth", columns: str = "gamma") -> Figure:
    """The cosine matrix of W_Q of every shown run (Figs 10 and 15)."""
    draw = lambda axis, run: cosine_panel(axis, run, colours, brief=True)  # noqa: E731
    figure, axes = run_grid(table.to_pandas(), draw, rows, columns)
    cosine_bar(figure, axes.ravel().tolist(), colours)
    add_caption(figure, table, r"Cosine similarity of the output neurons of $W_Q$ in layer 1.")
    return figure


def item_grids(table: pa.Table, stem: str, rows: str = "depth", columns: str = "gamma") -> dict[str, Figure]:
    """The projected items of every shown run (Figs 11 and 16): ``stem`` with t-SNE, ``stem``_pca with PCA."""
    data, found = table.to_pandas(), {}
    for name, projection, words in ((stem, "tsne", "t-SNE"), (f"{stem}_pca", "pca", "PCA")):
        draw = lambda axis, run, kind=projection: items_panel(axis, run, kind, brief=True)  # noqa: E731
        figure, axes = run_grid(data, draw, rows, columns)
        item_bar(figure, axes.ravel().tolist(), data)
        add_caption(figure, of_projection(table, projection), f"Item embeddings, {words}; each number is an item.")
        found[name] = figure
    return found


def of_projection(table: pa.Table, projection: str) -> pa.Table:
    """The table with the caption of a picture: a table's own speaks of t-SNE, a picture may show PCA."""
    if projection == "tsne":
        return table
    caption = (table.schema.metadata or {}).get(b"caption", b"").decode()
    return table.replace_schema_metadata({"caption": re.sub(_TSNE, "PCA: the two leading axes", caption)})


_TSNE = r"t-SNE: perplexity [^,]+, seed \d+"
