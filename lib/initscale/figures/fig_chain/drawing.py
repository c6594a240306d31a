"""Chain (companion, arXiv 2405.15302): whether a model learns to match tokens, over the initialization."""

from __future__ import annotations

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import pyarrow as pa
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from initscale.figures.panels.companions import PlainNumbers
from initscale.figures.panels.style import ANCHOR_2, FAINT, INK, KEY, SEEN, add_caption

NEEDS = (
    "kind", "norm", "gamma", "seed", "step", "train", "test", "ood", "guessing", "match_2_familiar", "match_2_new"
)  # fmt: skip
_GROUPS = {"train": (SEEN, "training"), "test": (ANCHOR_2, "unseen edges"), "ood": (KEY, "new tokens")}
_LINES = {"post": ("o", "-"), "pre": ("^", "--")}


def draw(table: pa.Table, options: dict) -> dict[str, Figure]:
    """Accuracies and matching against gamma on the left, accuracy on new tokens over training on the right."""
    data = table.to_pandas()
    runs, course = data[data["kind"] == "run"], data[data["kind"] == "course"]
    norms = [norm for norm in _LINES if norm in set(runs["norm"])]
    figure, axes = plt.subplots(1, 2 + len(norms), figsize=(3.0 * (2 + len(norms)), 3.2), layout="constrained")
    for norm in norms:
        rows = runs[runs["norm"] == norm]
        for group, (colour, words) in _GROUPS.items():
            _against_gamma(axes[0], rows, group, norm, colour, f"{words}, {norm}-norm")
        for name, colour in (("familiar", SEEN), ("new", KEY)):
            _against_gamma(axes[1], rows, f"match_2_{name}", norm, colour, f"{name} tokens, {norm}-norm")
    guess = runs["guessing"].iloc[0]
    axes[0].set(ylim=(-0.03, 1.03), ylabel="accuracy")
    axes[1].set(yscale="log")
    axes[1].yaxis.set_major_formatter(PlainNumbers())
    axes[1].yaxis.set_minor_formatter(PlainNumbers())
    axes[1].axhline(1, color=FAINT, linewidth=0.8, linestyle=(0, (4, 3)))
    for axis, title in zip(axes, ("(a) accuracy at the end", "(b) matching in layer 2"), strict=False):
        axis.set_title(title, loc="left")
        axis.set_xlabel(r"initialization rate $\gamma$")
    for axis, norm, letter in zip(axes[2:], norms, "cd", strict=False):
        _courses(axis, course[course["norm"] == norm])
        axis.set_title(f"({letter}) new tokens, {norm}-norm", loc="left")
    for axis in (axes[0], *axes[2:]):
        axis.axhline(guess, color=FAINT, linewidth=0.8, linestyle=(0, (4, 3)))
    for axis in axes:
        axis.spines[["top", "right"]].set_visible(False)
    handles, labels = axes[0].get_legend_handles_labels()
    figure.legend(handles, labels, loc="outside upper center", ncols=len(labels), frameon=False)
    add_caption(figure, table, _WORDS)
    return {"fig_chain": figure}


def _against_gamma(axis: Axes, rows: pd.DataFrame, column: str, norm: str, colour: str, label: str) -> None:
    mark, line = _LINES[norm]
    values = rows.astype({column: float})
    means = values.groupby("gamma")[column].mean()
    axis.plot(means.index, means, line, color=colour, marker=mark, markersize=0, linewidth=1.1, label=label)
    axis.plot(values["gamma"], values[column], mark, color=colour, markersize=3.5, markeredgewidth=0, alpha=0.8)


def _courses(axis: Axes, rows: pd.DataFrame) -> None:
    gammas = sorted(rows["gamma"].unique())
    colours = plt.get_cmap("viridis")(np.linspace(0.0, 0.9, len(gammas)))
    for gamma, colour in zip(gammas, colours, strict=True):
        runs = rows[rows["gamma"] == gamma].pivot_table(index="step", columns="seed", values="ood")
        axis.plot(runs.index, runs, color=colour, linewidth=0.5, alpha=0.5)
        axis.plot(runs.index, runs.mean(axis=1), color=colour, linewidth=1.4, label=rf"$\gamma$ = {gamma:g}")
    axis.set(ylim=(-0.03, 1.03), xlabel="step")
    axis.legend(frameon=False, labelcolor=INK)


_WORDS = (
    "Dots and thin lines: runs; lines: means. New tokens: query and the token behind it occur nowhere in training, so "
    "their embeddings are those of the start, shrunk by weight decay. Dashed: guessing a familiar token (a, c, d), no "
    "matching (b)."
)
