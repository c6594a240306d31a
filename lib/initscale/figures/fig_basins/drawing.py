"""Basins (companion, arXiv 2406.03072): which starts end at a minimum that ignores the context, on Markov chains."""

from __future__ import annotations

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import pyarrow as pa
from matplotlib.axes import Axes
from matplotlib.colors import ListedColormap
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patches import Patch

from initscale.figures.panels.accuracy_map import std_axis
from initscale.figures.panels.style import FAINT, INK, add_caption
from initscale.systems.basins.reduced import SADDLE, SADDLE_ENERGY, energy

NEEDS = (
    "kind",
    "p",
    "q",
    "switching",
    "std",
    "seed",
    "e",
    "w",
    "bad",
    "norm",
    "gamma",
    "steps",
    "left_at",
    "value",
    "closed_form",
)
GOOD, BAD = "#E6E6E6", "#CC79A7"
STICKY, SWITCHING = ("#0072B2", "#56B4E9"), ("#D55E00", "#E69F00")


def draw(table: pa.Table, options: dict) -> dict[str, Figure]:
    """Top: the plane of starts of every chain. Bottom: share of bad starts, gap and plateau of transformers."""
    data = table.to_pandas()
    starts, chains = data[data["kind"] == "start"], _chains(data)
    figure = plt.figure(figsize=(2.35 * len(chains) + 0.4, 5.6), layout="constrained")
    top, bottom = figure.subfigures(2, 1, height_ratios=[1, 1.15])
    planes = top.subplots(1, len(chains), sharey=True, squeeze=False)[0]
    for axis, letter, chain in zip(planes, "abcdefgh", chains, strict=False):
        _plane(axis, starts[(starts["p"] == chain[0]) & (starts["q"] == chain[1])], letter)
    planes[0].set_ylabel("$w$ (feed-forward layer)")
    top.legend(handles=_plane_legend(), loc="outside lower center", ncols=4, frameon=False)
    share, gap, plateau = bottom.subplots(1, 3)
    _shares(share, data[data["kind"] == "bad_share"])
    runs = data[data["kind"] == "run"]
    _gaps(gap, runs, chains)
    _plateaus(plateau, runs, chains)
    bottom.legend(handles=_run_legend(runs, chains), loc="outside lower center", ncols=4, frameon=False)
    add_caption(figure, table, _WORDS)
    return {"fig_basins": figure}


def _chains(data: pd.DataFrame) -> dict[tuple[float, float], str]:
    """Chain -> its colour, sticky ones in blue and switching ones in orange."""
    found, used = {}, {False: 0, True: 0}
    for p, q in sorted(set(zip(data["p"], data["q"], strict=True))):
        switching = bool(p + q > 1)
        colours = SWITCHING if switching else STICKY
        found[p, q] = colours[used[switching] % len(colours)]
        used[switching] += 1
    return found


def _plane(axis: Axes, starts: pd.DataFrame, letter: str) -> None:
    grid = starts.pivot(index="w", columns="e", values="bad").astype(float)
    colours = {"cmap": ListedColormap([GOOD, BAD]), "vmin": 0, "vmax": 1}
    axis.pcolormesh(grid.columns, grid.index, grid, **colours, rasterized=True, shading="nearest")
    p, q, switching = starts[["p", "q", "switching"]].iloc[0]
    _border(axis, float(grid.index.max()), switching)
    axis.plot(*SADDLE, "o", markerfacecolor="white", markeredgecolor=INK, markersize=5)
    kind = "switching" if switching else "sticky"
    share = starts["bad"].astype(float).mean()
    axis.set_title(f"({letter}) p = {p:g}, q = {q:g}\n{kind}, bad: {share:.1%}", loc="left")
    axis.set(xlabel="$e$ (embedding)", aspect="equal")


def _border(axis: Axes, edge: float, switching: bool) -> None:
    """Level of the saddle's energy on the side of the saddle where it divides; of a switching chain also w = 0."""
    heights = (SADDLE[1], -1e-6) if switching else (-edge, SADDLE[1])
    e, w = np.meshgrid(np.linspace(-edge, edge, 401), np.linspace(*heights, 401))
    axis.contour(e, w, energy(e, w), [SADDLE_ENERGY], colors=INK, linewidths=0.9, linestyles="-")
    if switching:
        axis.axhline(0, color=INK, linewidth=0.9)


def _shares(axis: Axes, rows: pd.DataFrame) -> None:
    """Share of bad starts over their deviation; chains of one kind have the same closed form, so they are pooled."""
    for switching, colours in ((False, STICKY), (True, SWITCHING)):
        some = rows[rows["switching"] == switching]
        if len(some):
            means = some.groupby("std")["closed_form"].mean()
            axis.plot(means.index, means, color=colours[0], label="p + q > 1" if switching else "p + q < 1")
            axis.plot(some["std"], some["value"], ".", color=colours[0], markersize=4, alpha=0.6)
    axis.set(xscale="log", xlabel="std of the start", ylabel="share of bad starts", ylim=(-0.04, 1.04))
    axis.set_title("(e) random starts", loc="left")
    axis.legend(frameon=False)
    axis.spines[["top", "right"]].set_visible(False)


def _gaps(axis: Axes, runs: pd.DataFrame, chains: dict) -> None:
    """What is left of the gap between unigram and bigram entropy, at the end of the shorter training."""
    short = runs[runs["steps"] == runs["steps"].min()]
    for (p, q, norm), some in short.groupby(["p", "q", "norm"]):
        _line(axis, some, "value", chains[p, q], norm)
    longer = runs[runs["steps"] > runs["steps"].min()]
    for (p, q), some in longer.groupby(["p", "q"]):
        axis.plot(some["gamma"], some["value"], "x", color=chains[p, q], markersize=4, markeredgewidth=0.8)
    for level, words in ((0, "bigram entropy"), (1, "unigram entropy")):
        axis.axhline(level, color=FAINT, linewidth=0.7, linestyle="--")
        place = {"xycoords": axis.get_yaxis_transform(), "va": "bottom", "color": FAINT, "fontsize": "small"}
        axis.annotate(words, (0.02, level), **place)
    std_axis(axis, sorted(short["gamma"].unique()), short.rename(columns={"std": "embedding_std"}))
    axis.set(xlabel=r"initialization rate $\gamma$", ylabel="share of the gap left", ylim=(-0.08, 1.15))
    axis.set_title("(f) one-layer transformers", loc="left", pad=8)
    axis.spines[["top", "right"]].set_visible(False)


def _plateaus(axis: Axes, runs: pd.DataFrame, chains: dict) -> None:
    """Step at which half of the gap is closed, in the longest training of each kind of run."""
    longest = runs[runs["steps"] == runs.groupby(["p", "q", "norm"])["steps"].transform("max")]
    for (p, q, norm), some in longest.groupby(["p", "q", "norm"]):
        _line(axis, some.assign(left_at=some["left_at"].fillna(some["steps"])), "left_at", chains[p, q], norm)
    axis.set(yscale="log", xlabel=r"initialization rate $\gamma$", ylabel="steps until half is closed")
    axis.set_title("(g) length of the plateau", loc="left")
    axis.spines[["top", "right"]].set_visible(False)


def _line(axis: Axes, runs: pd.DataFrame, column: str, colour: str, norm: str) -> None:
    plain = norm == "none"
    means = runs.groupby("gamma")[column].mean()
    axis.plot(means.index, means, linestyle="-" if plain else ":", color=colour, linewidth=1.2)
    axis.plot(runs["gamma"], runs[column], "." if plain else "_", color=colour, markersize=4, alpha=0.6)


def _plane_legend() -> list:
    line = Line2D([], [], color=INK, linewidth=0.9, label="closed form")
    ring = Line2D([], [], linestyle="", marker="o", markerfacecolor="white", color=INK, label="saddle")
    ends = {GOOD: "ends at the bigram entropy", BAD: "ignores the context"}
    return [*(Patch(color=colour, label=words) for colour, words in ends.items()), line, ring]


def _run_legend(runs: pd.DataFrame, chains: dict) -> list[Line2D]:
    shown = {chain: chains[chain] for chain in zip(runs["p"], runs["q"], strict=True)}
    found = [Line2D([], [], color=colour, label=f"p = {p:g}, q = {q:g}") for (p, q), colour in shown.items()]
    found.append(Line2D([], [], color=FAINT, linestyle=":", label="with LayerNorm"))
    short, long = runs["steps"].min(), runs["steps"].max()
    if long > short:
        found.append(
            Line2D([], [], color=FAINT, linestyle="", marker="x", label=f"{long:.0f} instead of {short:.0f} steps")
        )
    return found


_WORDS = (
    "(a-d) End of gradient flow from every start. (e) Lines: closed form; points: the flow, one per chain and seed. "
    "(f, g) Lines: means over seeds; the source starts at std 0.02. (g) In the longest training of each kind of run; a "
    "run that never closes half of the gap counts with its length."
)
