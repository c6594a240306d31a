"""fig_dynamics: when rank, attention, sharpness, norm and accuracy move during a training, by gamma."""

from __future__ import annotations

from typing import NamedTuple

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import pyarrow as pa
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from initscale.figures.panels.companions import PlainNumbers
from initscale.figures.panels.style import (
    ANCHOR_1,
    ANCHOR_2,
    INFERENTIAL,
    INK,
    KEY,
    NOISE,
    SEEN,
    SYMMETRIC,
    add_caption,
)

NEEDS = ("gamma", "depth", "seed", "quantity", "part", "step", "value")


class Curve(NamedTuple):
    """One line of a panel: a score, its colour and its name."""

    quantity: str
    part: str
    colour: str
    label: str


_ROWS = {
    "rank of D": (
        Curve("change_stable_rank", "layers.0.qk", ANCHOR_1, "QK, layer 1"),
        Curve("change_stable_rank", "layers.1.qk", ANCHOR_2, "QK, layer 2"),
        Curve("change_stable_rank", "ffn", KEY, "feed-forward"),
        Curve("change_stable_rank", "output", INK, "output"),
    ),
    "entropy,\nlast query": (
        Curve("entropy_last", "layer1", ANCHOR_1, "layer 1"),
        Curve("entropy_last", "layer2", ANCHOR_2, "layer 2"),
    ),
    r"$\lambda_{max}$": (
        Curve("lambda_max", "", KEY, "Hessian"),
        Curve("lambda_preconditioned", "", INK, "preconditioned"),
    ),
    "size": (
        Curve("output_relative", "", KEY, "output norm / first"),
        Curve("parameters_relative", "", INK, "|θ − θ₀| / |θ₀|"),
    ),
    "loss": (Curve("loss", "", INK, "training loss"),),
    "accuracy": (
        Curve("accuracy", "seen", SEEN, "seen pairs"),
        Curve("accuracy", "inferential", INFERENTIAL, "unseen: composed"),
        Curve("accuracy", "symmetric", SYMMETRIC, "unseen: symmetric"),
    ),
}
_LINEAR = ("entropy,\nlast query", "accuracy")
_EVENTS = {
    "loss": "loss < half of guessing",
    "attention": "entropy < 0.5",
    "output_rank": "rank of output > 1.2",
    "ffn_rank": "rank of FFN > 2",
    "seen": "seen pairs > 0.5",
    "inferential": "composed > 0.5",
    "symmetric": "symmetric > 0.5",
    "sharpest": "largest $\\lambda_{max}$",
}


def draw(table: pa.Table, options: dict) -> dict[str, Figure]:
    """A column per gamma, a row per measure, thin lines per seed and their mean; the order of events at the bottom."""
    data = table.to_pandas()
    gammas, steps = sorted(data["gamma"].unique()), data["step"].max()
    first = max(1.0, options["drawn_from"] * steps)
    data = data[(data["step"] >= first) | (data["step"] < 0)]
    shape = (len(_ROWS) + 1, len(gammas))
    size = (1.9 * len(gammas) + 2.6, 1.15 * shape[0] + 1.6)
    figure, axes = plt.subplots(
        *shape, figsize=size, sharex=True, sharey="row", squeeze=False, layout="constrained",
        height_ratios=[1] * len(_ROWS) + [1.5],
    )  # fmt: skip
    peak = _peak(data)
    for column, gamma in enumerate(gammas):
        rows = data[data["gamma"] == gamma]
        for axis, (label, curves) in zip(axes[:, column], _ROWS.items(), strict=False):
            _courses(axis, rows, curves, log=label not in _LINEAR)
        _events(axes[-1, column], rows)
        axes[0, column].set_title(rf"$\gamma$ = {gamma:g}")
        axes[-1, column].set(xscale="log", xlim=(first, steps), xlabel="step")
        axes[-1, column].xaxis.set_minor_formatter("")
        for axis in axes[:, column]:
            axis.axvline(peak, color=NOISE, linewidth=2, alpha=0.6, zorder=0)
            axis.spines[["top", "right"]].set_visible(False)
    _labels(axes)
    add_caption(figure, table, _words(data, options))
    return {"fig_dynamics": figure}


def _peak(data: pd.DataFrame) -> float:
    """Step of the highest rate, of the first run."""
    rates = data[data["quantity"] == "lr"]
    return rates.loc[rates["value"].idxmax(), "step"]


def _courses(axis: Axes, rows: pd.DataFrame, curves: tuple[Curve, ...], log: bool) -> None:
    for quantity, part, colour, label in curves:
        some = rows[(rows["quantity"] == quantity) & (rows["part"] == part)]
        courses = some.pivot_table(index="step", columns="seed", values="value")
        axis.plot(courses.index, courses, color=colour, linewidth=0.5, alpha=0.5)
        positive = courses.where(courses > 0)
        mean = np.exp(np.log(positive).mean(axis=1)) if log else courses.mean(axis=1)
        axis.plot(mean.index, mean, color=colour, linewidth=1.3, label=label)
    if log:
        axis.set_yscale("log")
        axis.yaxis.set_major_formatter(PlainNumbers())
        axis.yaxis.set_minor_formatter(PlainNumbers())


def _events(axis: Axes, rows: pd.DataFrame) -> None:
    found = rows[rows["quantity"] == "event"]
    for at, name in enumerate(_EVENTS):
        steps = found.loc[found["part"] == name, "value"].dropna()
        axis.plot(steps, [at] * len(steps), "o", color=KEY, markersize=3.5, alpha=0.7, markeredgewidth=0)
        axis.axhline(at, color="0.92", linewidth=0.6, zorder=0)
    axis.set(ylim=(len(_EVENTS) - 0.5, -0.5))


def _labels(axes) -> None:
    small = plt.rcParams["font.size"] - 2
    for row, label in zip(axes, _ROWS, strict=False):
        row[0].set_ylabel(label)
        row[-1].legend(frameon=False, fontsize=small, loc="center left", bbox_to_anchor=(1.0, 0.5), handlelength=1.2)
    axes[-1, 0].set_yticks(range(len(_EVENTS)), list(_EVENTS.values()), fontsize=small)


def _words(data: pd.DataFrame, options: dict) -> str:
    seeds = data.groupby("gamma")["seed"].nunique()
    count = f"{seeds.min()}" if seeds.min() == seeds.max() else f"{seeds.min()} to {seeds.max()}"
    return (
        f"{count} seed(s) per gamma: thin lines; thick: mean (geometric on logarithmic axes). Grey bar: peak of the "
        f"rate. Curves from {options['drawn_from']:.0%} of the steps: before, D is nearly a matrix of signs. Bottom: "
        "step from which on each holds to the end, one dot per run; no dot: not at the end."
    )
