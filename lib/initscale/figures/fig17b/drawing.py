"""Fig 17b: held-out loss of language models on code and on code with prose, for several gammas."""

from __future__ import annotations

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import pyarrow as pa
import seaborn as sns
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from initscale.figures.panels.style import FAINT, KEY, SEEN, add_caption

NEEDS = ("source", "corpus", "gamma", "seed", "step", "seen", "last", "loss", "bits", "perplexity")
_LOOKS = (("o", SEEN), ("s", KEY))  # of the corpora


def draw(table: pa.Table, options: dict) -> dict[str, Figure]:
    """One panel of curves per corpus, and the end points of both relative to the smallest gamma."""
    data = table.to_pandas().astype({"loss": float, "bits": float, "perplexity": float})
    runs, paper = (data[data["source"] == source] for source in ("run", "paper"))
    corpora = list(dict.fromkeys(runs["corpus"]))
    gammas = sorted(runs["gamma"].unique())
    colours = dict(zip(gammas, sns.color_palette(options["gamma_map"], len(gammas) + 1), strict=False))
    figure, axes = plt.subplots(1, len(corpora) + 1, figsize=(3.2 * (len(corpora) + 1), 3.5), layout="constrained")
    for axis, corpus in zip(axes, corpora, strict=False):
        _curves(axis, runs[runs["corpus"] == corpus], colours)
        axis.set_title(corpus, loc="left")
        axis.set_ylabel("held-out loss (bits per byte)")
    for look, corpus in zip(_LOOKS, corpora, strict=False):
        _end_points(axes[-1], runs[runs["corpus"] == corpus], paper[paper["corpus"] == corpus], *look)
    axes[-1].set_title("end points", loc="left")
    axes[-1].axhline(0, color="0.8", linewidth=0.8, zorder=0)
    axes[-1].set_xlabel(r"initialization rate $\gamma$")
    axes[-1].set_ylabel(rf"loss relative to $\gamma$ = {gammas[0]:g} (%)")
    axes[-1].legend(frameon=False, loc="best")
    for axis in axes:
        axis.spines[["top", "right"]].set_visible(False)
    words = (
        "Left: mean over seeds (lines) and single runs (thin); in the legend the means at the end, bits per byte and "
        "perplexity per byte. Right: mean and all runs, each relative to the same seed's run of the smallest gamma; "
        "hollow: the paper, whose loss is per token."
    )
    add_caption(figure, table, words)
    return {"fig17b": figure}


def _curves(axis: Axes, runs: pd.DataFrame, colours: dict) -> None:
    for gamma, own in runs.groupby("gamma"):
        for _, run in own.groupby("seed"):
            axis.plot(run["seen"], run["bits"], color=colours[gamma], linewidth=0.5, alpha=0.5)
        mean, end = own.groupby("seen")["bits"].mean(), own.loc[own["last"].astype(bool), "bits"].mean()
        label = rf"$\gamma$ = {gamma:g}: {end:.3f} bits ({2**end:.2f})"
        axis.plot(mean.index, mean, color=colours[gamma], label=label)
    axis.set_xlabel("bytes seen in training")
    axis.legend(frameon=False, loc="upper right")
    axis.set_ylim(*_limits(runs))
    right = axis.secondary_yaxis("right", functions=(lambda bits: 2.0**bits, lambda p: np.log2(np.maximum(p, 1e-9))))
    right.set_ylabel("perplexity per byte", color=FAINT)
    right.tick_params(colors=FAINT)


def _limits(runs: pd.DataFrame) -> tuple[float, float]:
    """Bits of the curves without their start, where all are near that of uniform bytes."""
    later = runs[runs["step"] > runs["step"].max() / 10]
    low, high = later["bits"].min(), later["bits"].max()
    margin = 0.08 * (high - low) + 0.01
    return low - margin, high + 4 * margin


def _end_points(axis: Axes, runs: pd.DataFrame, paper: pd.DataFrame, marker: str, colour: str) -> None:
    ends = relative(runs[runs["last"].astype(bool)])
    corpus = runs["corpus"].iloc[0]
    mean = ends.groupby("gamma")["change"].mean()
    axis.plot(mean.index, mean, f"-{marker}", color=colour, markersize=4, label=corpus)
    axis.plot(ends["gamma"], ends["change"], ".", color=colour, markersize=3, alpha=0.6)
    if len(paper):
        theirs = relative(paper.assign(seed=0))
        look = {"color": colour, "fillstyle": "none", "linewidth": 0.8, "markersize": 5}
        axis.plot(theirs["gamma"], theirs["change"], f":{marker}", label=f"{corpus}, the paper", **look)


def relative(ends: pd.DataFrame) -> pd.DataFrame:
    """Column ``change``: percent by which each loss differs from the same seed's at the smallest gamma."""
    first = ends[ends["gamma"] == ends["gamma"].min()].set_index("seed")["loss"]
    reference = ends["seed"].map(first)
    return ends.assign(change=100 * (ends["loss"] / reference - 1)).sort_values("gamma")
