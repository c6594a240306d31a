"""Calibration: both accuracies against gamma, one panel per setting that was changed."""

from __future__ import annotations

import math

import matplotlib.pyplot as plt
import pandas as pd
import pyarrow as pa
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from initscale.figures.panels.style import FAINT, INFERENTIAL, SEEN, SYMMETRIC, add_caption

FACTORS = ("values", "length", "d_model", "batch", "steps", "lr", "weight_decay")
NEEDS = ("study", *FACTORS, "gamma", "seed", "depth", "symmetric", "inferential", "seen", "train_seconds")
_LINES = {
    "symmetric": (SYMMETRIC, "-", "o", "unseen pair, symmetric"),
    "inferential": (INFERENTIAL, "-", "s", "unseen pair, inferential"),
    "seen": (SEEN, ":", "", "seen pairs, test keys"),
}
_WORDS = {"d_model": "width", "lr": "peak rate", "weight_decay": "weight decay"}


def draw(table: pa.Table, options: dict) -> dict[str, Figure]:
    """One panel per study, in the order of the table; the title says what differs from the first."""
    data = table.to_pandas()
    studies = list(dict.fromkeys(data["study"]))
    columns = min(options["columns"], len(studies))
    rows = math.ceil(len(studies) / columns)
    size = (2.3 * columns + 0.4, 1.9 * rows + 0.6)
    figure, axes = plt.subplots(rows, columns, figsize=size, sharey=True, squeeze=False, layout="constrained")
    baseline = data[data["study"] == studies[0]]
    for axis, study in zip(axes.flat, studies, strict=False):
        part = data[data["study"] == study]
        _panel(axis, part)
        axis.set_title(title(part, baseline), loc="left")
        axis.set_xlabel(r"initialization rate $\gamma$")
    for axis in axes[:, 0]:
        axis.set_ylabel("accuracy")
    for axis in axes.flat[len(studies) :]:
        axis.set_visible(False)
    figure.legend(*axes.flat[0].get_legend_handles_labels(), loc="outside upper center", ncols=3, frameon=False)
    add_caption(figure, table, _settings(baseline))
    return {"calibration": figure}


def title(part: pd.DataFrame, baseline: pd.DataFrame) -> str:
    """What a study changes against the baseline, from the table itself; its name where it is none of the factors."""
    changed = [
        f"{_WORDS.get(name, name)} {part[name].iloc[0]:g}"
        for name in FACTORS
        if part[name].iloc[0] != baseline[name].iloc[0]
    ]
    study, first = part["study"].iloc[0], baseline["study"].iloc[0]
    return ", ".join(changed) or ("baseline" if study == first else study)


def _settings(baseline: pd.DataFrame) -> str:
    words = ", ".join(f"{_WORDS.get(name, name)} {baseline[name].iloc[0]:g}" for name in FACTORS)
    depths = ", ".join(str(depth) for depth in sorted(baseline["depth"].unique()))
    return f"Baseline: {words}; depth {depths}. Beside a title: mean time of a run, number of seeds."


def _panel(axis: Axes, part: pd.DataFrame) -> None:
    for name, (colour, line, marker, label) in _LINES.items():
        means = part.groupby("gamma")[name].mean()
        axis.plot(means.index, means, linestyle=line, marker=marker, markersize=4, color=colour, label=label)
        if marker:
            axis.plot(part["gamma"], part[name], ".", color=colour, markersize=3, alpha=0.5)
    axis.set_ylim(-0.04, 1.04)
    axis.grid(axis="y", color="0.92")
    axis.spines[["top", "right"]].set_visible(False)
    seconds = part["train_seconds"].mean()
    words = f"{seconds:.0f} s, n = {part['seed'].nunique()}"
    axis.set_title(words, loc="right", color=FAINT, fontsize="small")
