"""Modular (companion, arXiv 2206.04817): how long generalization lags behind the fit, over the initialization."""

from __future__ import annotations

import matplotlib.pyplot as plt
import pandas as pd
import pyarrow as pa
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from initscale.figures.panels.style import FAINT, INK, KEY, SEEN, add_caption

NEEDS = (
    "kind", "gamma", "weight_decay", "seed", "step", "train", "test", "max_loss", "weight_norm", "fit_step",
    "generalize_step", "spikes",
)  # fmt: skip


def draw(table: pa.Table, options: dict) -> dict[str, Figure]:
    """A column per weight decay: steps to fit and to generalize against gamma, accuracies, norm and largest loss."""
    data = table.to_pandas()
    runs, course = data[data["kind"] == "run"], data[(data["kind"] == "course") & (data["step"] > 0)]
    decays = sorted(runs["weight_decay"].unique())
    size = (3.4 * len(decays) + 2.2, 8.0)
    figure, axes = plt.subplots(4, len(decays), figsize=size, sharey="row", squeeze=False, layout="constrained")
    for column, decay in zip(axes.T, decays, strict=True):
        of_decay = course[course["weight_decay"] == decay]
        _milestones(column[0], runs[runs["weight_decay"] == decay], course["step"].max())
        _accuracies(column[1], of_decay)
        _by_gamma(column[2], of_decay, "weight_norm")
        _by_gamma(column[3], of_decay, "max_loss")
        column[0].set_title(f"weight decay {decay:g}", loc="left")
        column[0].set_xlabel(r"initialization rate $\gamma$")
        column[3].set_xlabel("step")
        for axis in column[1:]:
            axis.set(xscale="log", xlim=(course["step"].min(), course["step"].max()))
        column[3].set(yscale="log")
    for axis, label in zip(
        axes[:, 0], ("steps to 99 %", "accuracy", "norm of all weights", "largest loss"), strict=True
    ):
        axis.set_ylabel(label)
    for axis in axes.flat:
        axis.spines[["top", "right"]].set_visible(False)
    for row in axes[:3]:
        row[-1].legend(frameon=False, loc="center left", bbox_to_anchor=(1.0, 0.5))
    add_caption(figure, table, _WORDS)
    return {"fig_modular": figure}


def _milestones(axis: Axes, runs: pd.DataFrame, end: int) -> None:
    looks = (("fit_step", SEEN, "taught"), ("generalize_step", KEY, "others"))
    for column, colour, label in looks:
        steps = runs[column].astype(float)
        axis.plot(runs["gamma"], steps, "o", color=colour, markersize=4, markeredgewidth=0, label=label)
        never = runs.loc[steps.isna(), "gamma"]
        axis.plot(never, [end] * len(never), "^", color="white", markeredgecolor=colour, markersize=5)
    axis.axhline(end, color=FAINT, linewidth=0.8, linestyle=(0, (4, 3)))
    axis.set(yscale="log")


def _accuracies(axis: Axes, rows: pd.DataFrame) -> None:
    for gamma, colour in _colours(rows).items():
        for group, line in (("train", ":"), ("test", "-")):
            runs = rows[rows["gamma"] == gamma].pivot_table(index="step", columns="seed", values=group)
            label = rf"$\gamma$ = {gamma:g}" if group == "test" else None
            axis.plot(runs.index, runs.mean(axis=1), line, color=colour, linewidth=1.1, label=label)
    axis.plot([], [], ":", color=INK, label="taught")
    axis.set(ylim=(-0.03, 1.03))


def _by_gamma(axis: Axes, rows: pd.DataFrame, column: str) -> None:
    for gamma, colour in _colours(rows).items():
        courses = rows[rows["gamma"] == gamma].pivot_table(index="step", columns="seed", values=column)
        axis.plot(courses.index, courses, color=colour, linewidth=0.8)
        if column == "weight_norm":
            axis.plot([], [], color=colour, label=rf"$\gamma$ = {gamma:g}")


def _colours(rows: pd.DataFrame) -> dict:
    gammas = sorted(rows["gamma"].unique())
    return {gamma: plt.get_cmap("viridis")(0.9 * n / max(1, len(gammas) - 1)) for n, gamma in enumerate(gammas)}


_WORDS = (
    "Top: one dot per run and group of equations; open triangles: not within the training. Second row: means of seeds, "
    "dotted: taught equations. Norm and largest loss of a batch between two evaluations: one line per run."
)
