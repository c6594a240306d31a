"""Fig 14: inferential accuracy over learning rate and weight decay, with the rank correlation along each axis."""

from __future__ import annotations

import matplotlib.pyplot as plt
import pandas as pd
import pyarrow as pa
from matplotlib.figure import Figure

from initscale.figures.panels.accuracy_map import accuracy_bar, accuracy_map, hatching_words
from initscale.figures.panels.single_runs import rate_text
from initscale.figures.panels.style import add_caption

NEEDS = (
    "kind",
    "lr",
    "weight_decay",
    "accuracy",
    "seen_accuracy",
    "tested",
    "axis",
    "held",
    "value",
    "low",
    "high",
)
_NAMES = {"lr": "peak learning rate", "weight_decay": "weight decay"}
_FIXED = {"lr": r"$\rho$ at fixed rate", "weight_decay": r"$\rho$ at fixed decay"}


def draw(table: pa.Table, options: dict) -> dict[str, Figure]:
    """Weight decay upwards, learning rate to the right; rows that are not tested stand apart on top."""
    data = table.to_pandas()
    runs = data[data["kind"] == "run"].astype({"accuracy": float, "seen_accuracy": float})
    apart = sorted(runs.loc[runs["tested"] == False, "weight_decay"].unique())  # noqa: E712 (nullable)
    size = (2.9 + 0.75 * runs["lr"].nunique(), 1.9 + 0.45 * runs["weight_decay"].nunique())
    figure, axis = plt.subplots(figsize=size, layout="constrained")
    accuracy = accuracy_map(axis, runs, "weight_decay", "lr", options)
    axis.set_xticklabels([rate_text(lr) for lr in accuracy.columns], rotation=0)
    axis.set_yticklabels([f"{decay:g}" for decay in accuracy.index], rotation=0)
    axis.set_title("inferential accuracy on ({},{})".format(*options["unseen"]))
    axis.set_xlabel(_label(data, "lr"))
    axis.set_ylabel(_label(data, "weight_decay"))
    if apart:
        axis.axhline(len(apart), color="white", linewidth=6)
    accuracy_bar(figure, axis, [axis])
    add_caption(figure, table, hatching_words(options))
    return {"fig14": figure}


def _label(data: pd.DataFrame, axis: str) -> str:
    """Name of an axis with the correlation along it."""
    rows = data[(data["kind"] == "rank_correlation") & (data["axis"] == axis) & (data["held"] != "")]
    (row,) = (row for _, row in rows.iterrows())
    return f"{_NAMES[axis]}\n{_FIXED[row['held']]}: {estimate_text(row)}"


def estimate_text(row: pd.Series) -> str:
    """A correlation and its interval; says so where there is none."""
    if pd.isna(row["value"]):
        return "none"
    interval = "no interval" if pd.isna(row["low"]) else f"{row['low']:.2f}, {row['high']:.2f}"
    return f"{row['value']:.2f} [{interval}]"
