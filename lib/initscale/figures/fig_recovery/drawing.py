"""Recovery (companion, arXiv 2307.08921, 2211.11623): how many samples a model of too many parameters needs."""

from __future__ import annotations

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import pyarrow as pa
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from initscale.figures.panels.style import FAINT, INK, add_caption

NEEDS = ("kind", "target", "entries", "std", "samples", "optimistic", "seed", "value")
_TITLES = {"best_case": "best-case entries", "random": "random entries"}
_COLOURS = "viridis"
_FLOOR = 1e-6
"""Errors below it are drawn there."""


def draw(table: pa.Table, options: dict) -> dict[str, Figure]:
    """Left: share of matrices recovered, by rank and choice of entries. Right: error of networks, by target size."""
    data = table.to_pandas()
    matrices, networks = data[data["kind"] == "matrix"], data[data["kind"] == "tanh"]
    ranks, kinds = sorted(matrices["target"].unique()), list(dict.fromkeys(matrices["entries"]))
    figure = plt.figure(figsize=(2.2 * len(ranks) + 4.2, 1.75 * len(kinds) + 1.2), layout="constrained")
    left, right = figure.subfigures(1, 2, width_ratios=[2.2 * len(ranks) + 0.8, 3.0])
    maps = left.subplots(len(kinds), len(ranks), sharex=True, sharey=True, squeeze=False)
    for row, kind in zip(maps, kinds, strict=True):
        for axis, rank in zip(row, ranks, strict=True):
            mesh = _map(axis, matrices[(matrices["target"] == rank) & (matrices["entries"] == kind)])
            axis.set_title(f"rank {rank:.0f}, {_TITLES[kind]}", loc="left")
        row[0].set_ylabel("std of the start")
    for axis in maps[-1]:
        axis.set_xlabel("known entries")
    bar = left.colorbar(mesh, ax=maps, shrink=0.7, pad=0.02, aspect=30, location="right")
    bar.set_label("share recovered")
    bar.outline.set_visible(False)
    _networks(right, networks)
    add_caption(figure, table, _WORDS)
    return {"fig_recovery": figure}


def _map(axis: Axes, rows: pd.DataFrame):
    """Heat map with the deviations, from small to large, upwards; returns what the colour bar needs."""
    shares = rows.pivot_table(index="std", columns="samples", values="value")
    samples, stds = shares.columns.to_numpy(dtype=float), shares.index
    mesh = axis.pcolormesh(samples, np.arange(len(stds)), shares, vmin=0, vmax=1, cmap=_COLOURS, shading="nearest")
    axis.axvline(rows["optimistic"].iloc[0] - 0.5, color="white", linestyle="--", linewidth=1.2)
    axis.set_yticks(range(len(stds)), [f"{std:g}" for std in stds])
    axis.set_xticks([tick for tick in (1, 4, 7, 10, 13, 16) if tick <= samples.max()])
    axis.tick_params(length=2)
    return mesh


def _networks(figure, rows: pd.DataFrame) -> None:
    targets, stds = sorted(rows["target"].unique()), sorted(rows["std"].unique())
    axes = figure.subplots(len(targets), 1, sharex=True, squeeze=False)[:, 0]
    colours = plt.get_cmap("plasma")(np.linspace(0.0, 0.8, len(stds)))
    for axis, target in zip(axes, targets, strict=True):
        some = rows[rows["target"] == target]
        for std, colour in zip(stds, colours, strict=True):
            medians = some[some["std"] == std].groupby("samples")["value"].median().clip(lower=_FLOOR)
            axis.plot(medians.index, medians, ".-", color=colour, linewidth=1.1, markersize=4, label=f"{std:g}")
        axis.axvline(some["optimistic"].iloc[0], color=INK, linestyle="--", linewidth=0.8)
        axis.axhline(1, color=FAINT, linewidth=0.6, linestyle=":")
        axis.set(yscale="log", ylabel="relative error (median)")
        axis.set_title(f"tanh network, target of {target:.0f} neuron{'s' if target > 1 else ''}", loc="left")
        axis.spines[["top", "right"]].set_visible(False)
    axes[-1].set(xlabel="training samples", xticks=sorted(rows["samples"].unique()))
    handles, labels = axes[0].get_legend_handles_labels()
    figure.legend(handles, labels, title="std of the start", loc="outside lower center", ncols=4, frameon=False)


_WORDS = (
    "Dashed: the optimistic sample size, 2rd - r² for a matrix of rank r and k(d + 1) for k neurons (in the maps "
    "left of its column). Best case: the entries of r rows and r columns are known first, and determine the "
    "matrix. Dotted: the error of the answer 0."
)
