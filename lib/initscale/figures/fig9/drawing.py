"""Fig 9: the split by key value and position, counted in the generated data."""

from __future__ import annotations

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import pyarrow as pa
from matplotlib.colors import LinearSegmentedColormap
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from initscale.figures.panels.style import INFERENTIAL, SYMMETRIC, add_caption

NEEDS = ("key", "position", "split", "rows")
_COLOURS = {"train": INFERENTIAL, "test": SYMMETRIC}
_NAMES = {"train": "training split", "test": "test split"}


def draw(table: pa.Table, options: dict) -> dict[str, Figure]:
    """One map per split: number of sequences for every key value (x) and position (y)."""
    data = table.to_pandas()
    figure, axes = plt.subplots(2, 1, figsize=(7.0, 3.6), sharex=True, layout="constrained")
    for axis, (split, name) in zip(axes, _NAMES.items(), strict=True):
        counts = _as_map(data[data["split"] == split])
        colours = LinearSegmentedColormap.from_list(split, ["white", _COLOURS[split]])
        keys = counts.columns
        mesh = axis.pcolormesh(
            np.arange(keys[0], keys[-1] + 2) - 0.5,
            np.arange(len(counts) + 1) - 0.5,
            counts.to_numpy(),
            cmap=colours,
            vmin=0,
            vmax=max(1, counts.to_numpy().max()),
            edgecolors="0.92",
            linewidth=0.3,
        )
        axis.set_title(name, loc="left")
        axis.set_ylabel("position of key")
        axis.set_yticks(range(len(counts)))
        axis.invert_yaxis()
        bar = figure.colorbar(mesh, ax=axis, pad=0.01)
        bar.set_label("sequences")
        bar.outline.set_visible(False)
    axes[-1].xaxis.set_major_locator(MaxNLocator(integer=True))
    axes[-1].set_xlabel("value of the key item x")
    add_caption(figure, table)
    return {"fig9": figure}


def _as_map(data: pd.DataFrame) -> pd.DataFrame:
    return data.pivot(index="position", columns="key", values="rows").sort_index()
