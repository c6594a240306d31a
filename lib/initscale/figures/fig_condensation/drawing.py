"""fig_condensation: number of directions over gamma, and the neurons at the ends of the range."""

from __future__ import annotations

import matplotlib.pyplot as plt
import pandas as pd
import pyarrow as pa
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from initscale.figures.panels.style import FAINT, INK, KEY, SEEN, add_caption

NEEDS = ("kind", "gamma", "seed", "groups", "pair_share", "along", "amplitude")


def draw(table: pa.Table, options: dict) -> dict[str, Figure]:
    """Groups and condensed pairs against gamma; orientation and amplitude at the largest and smallest start."""
    data = table.to_pandas()
    runs, neurons = data[data["kind"] == "run"], data[data["kind"] == "neuron"]
    figure, axes = plt.subplots(1, 4, figsize=(10.5, 2.9), layout="constrained")
    _against_gamma(axes[0], runs, "groups", KEY, "(a) directions")
    axes[0].axhline(2, color=FAINT, linewidth=0.8, linestyle=(0, (4, 3)))
    axes[0].set(yscale="log", yticks=[1, 2, 5, 10, 20, 50], yticklabels=["1", "2", "5", "10", "20", "50"])
    axes[0].minorticks_off()
    _against_gamma(axes[1], runs, "pair_share", SEEN, "(b) condensed pairs")
    axes[1].set_ylim(-0.04, 1.04)
    gammas = sorted(neurons["gamma"].unique())
    for axis, gamma, letter in zip(axes[2:], (gammas[0], gammas[-1]), "cd", strict=True):
        some = neurons[neurons["gamma"] == gamma]
        axis.plot(some["along"], some["amplitude"], "o", color=INK, markersize=2.5, alpha=0.4, markeredgewidth=0)
        axis.set(xlim=(-1.08, 1.08), ylim=(-0.04, 1.08), xlabel="cosine with the largest group", ylabel="amplitude")
        axis.set_title(rf"({letter}) neurons, $\gamma$ = {gamma:g}", loc="left")
    for axis in axes:
        axis.spines[["top", "right"]].set_visible(False)
    words = "Dots in (a, b): runs; lines: means. Dashed: v and -v. Neurons of all seeds; amplitude: |a| |w|, largest 1."
    add_caption(figure, table, words)
    return {"fig_condensation": figure}


def _against_gamma(axis: Axes, runs: pd.DataFrame, column: str, colour: str, title: str) -> None:
    means = runs.groupby("gamma")[column].mean()
    axis.plot(means.index, means, color=colour, linewidth=1.1)
    axis.plot(runs["gamma"], runs[column], "o", color=colour, markersize=3.5, markeredgewidth=0, alpha=0.7)
    axis.set_title(title, loc="left")
    axis.set_xlabel(r"initialization rate $\gamma$")
