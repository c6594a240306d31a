"""Fig 4: cosines of fused vectors v(x; a1, a2) and of single-anchor vectors u(x; a1)."""

from __future__ import annotations

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import pyarrow as pa
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle

from initscale.figures.panels.style import FAINT, add_caption

NEEDS = (
    "panel", "gamma", "depth", "seed", "kind", "block", "anchors_row", "key_row", "anchors_column", "key_column",
    "related", "value",
)  # fmt: skip
_PANELS = (("a", "fused", "inferential"), ("b", "fused", "symmetric"), ("c", "single", "inferential"))
_PHASES = ("symmetric", "inferential")
_RED = "#CC0000"


def draw(table: pa.Table, options: dict) -> dict[str, Figure]:
    """Panels a, b, c of the paper above, the same vectors without their common part below."""
    data = table.to_pandas()
    figure, axes = plt.subplots(2, 3, figsize=(9.8, 6.2), layout="constrained")
    for column, (letter, kind, phase) in enumerate(_PANELS):
        for axis, suffix in zip(axes[:, column], ("", "_centred"), strict=True):
            cells = data[(data["panel"] == phase) & (data["kind"] == f"{kind}{suffix}")]
            _panel(figure, axis, cells, centred=bool(suffix))
            _title(axis, f"({letter}{'′' if suffix else ''}) {_vector(kind)}, {phase}", data, cells)
    words = (
        "Lower and upper triangle compare the anchors named on their sides (row, column); red boxes: equal targets. "
        "Answers: accuracy on the unseen pair. "
        "Parallelism: mean cosine in the boxes minus mean of the rest. Above as in the paper, each panel with its own "
        "colour range; below with the common part subtracted first (v: mean of all vectors of a triangle; u: mean over "
        "the keys, for each anchor), one range for all."
    )
    add_caption(figure, table, words)
    return {"fig4": figure}


def _vector(kind: str) -> str:
    return {"fused": "$v(x; a_1, a_2)$", "single": "$u(x; a_1)$"}[kind]


def _title(axis: Axes, words: str, data: pd.DataFrame, cells: pd.DataFrame) -> None:
    run, axes = cells.iloc[0], ["gamma", "depth", "seed"]
    same = data[(data["kind"] == f"{run['kind']}_score") & (data[axes] == run[axes]).all(axis=1)]
    value = same["value"].iloc[0]
    score = "no equal targets" if pd.isna(value) else f"parallelism {value:+.2f}".replace("-", "−")
    axis.set_title(words, loc="left", pad=30)
    runs = data[(data[axes] == run[axes]).all(axis=1)].drop_duplicates("kind").set_index("kind")["value"]
    answers = [f"{name} {runs[f'{name}_accuracy']:.2f}" for name in _PHASES if f"{name}_accuracy" in runs]
    text = rf"$\gamma$ = {run['gamma']:g}; {score}" + f"\nanswers: {', '.join(answers)}"
    note = axis.text(0, 1.04, text, transform=axis.transAxes, color=FAINT, fontsize=plt.rcParams["font.size"] - 1)
    note.set_in_layout(False)


def _panel(figure: Figure, axis: Axes, cells: pd.DataFrame, centred: bool) -> None:
    keys = sorted(set(cells["key_row"].astype(int)) | set(cells["key_column"].astype(int)))
    grid = np.full((len(keys), len(keys)), np.nan)
    for cell in cells.itertuples():
        row, column = keys.index(cell.key_row), keys.index(cell.key_column)
        grid[row, column] = cell.value
        if cell.related:
            box = Rectangle((column - 0.46, row - 0.46), 0.92, 0.92, fill=False, edgecolor=_RED, linewidth=1.6)
            axis.add_patch(box)
    limits = {"vmin": -1, "vmax": 1, "cmap": "PuOr_r"} if centred else {"vmin": cells["value"].min(), "vmax": 1}
    axis.set_facecolor("0.85")  # what is no cell, such as the diagonal; white is a cosine of 0
    mesh = axis.imshow(grid, **({"cmap": "viridis"} | limits))
    bar = figure.colorbar(mesh, cax=axis.inset_axes([1.04, 0, 0.05, 1]))  # as high as the image
    bar.outline.set_visible(False)
    bar.set_label("cosine, centred" if centred else "cosine")
    shown = range(0, len(keys), 2)
    axis.set_xticks(shown, [keys[i] for i in shown])
    axis.set_yticks(shown, [keys[i] for i in shown])
    _name_sides(axis, cells)
    axis.tick_params(length=2)
    axis.spines[:].set_visible(False)


def _name_sides(axis: Axes, cells: pd.DataFrame) -> None:
    """Rows and columns of a triangle belong to different anchors, so both labels name both triangles."""
    names = {block: part.iloc[0] for block, part in cells.groupby("block")}
    for side, label in (("anchors_row", axis.set_ylabel), ("anchors_column", axis.set_xlabel)):
        lower, upper = (f"({names[block][side]})" for block in ("lower", "upper"))
        label(f"key x; lower {lower}, upper {upper}")
