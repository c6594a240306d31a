"""Fig 17a: accuracy on the held-out block of a + b, from scratch and continued from another task's model."""

from __future__ import annotations

import matplotlib.pyplot as plt
import pandas as pd
import pyarrow as pa
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from initscale.figures.panels.style import FAINT, INK, SEEN, add_caption
from initscale.figures.panels.two_settings import COLOURS, LARGE, SMALL, draw_paper, finish

NEEDS = (
    "source",
    "training",
    "model",
    "setting",
    "gamma",
    "weight_decay",
    "seed",
    "accuracy",
    "accuracy_equal_loss",
    "test_accuracy",
    "loss",
)
_MODELS = {"single": "2 layers, 1 head", "gpt2": "GPT-2 style"}


def draw(table: pa.Table, options: dict) -> dict[str, Figure]:
    """Left: from scratch, by model and setting. Right: fine-tuned, by weight decay."""
    data = table.to_pandas()
    panels = {"scratch": _scratch_bars(data), "finetuned": _tuned_bars(data)}
    panels = {name: bars for name, bars in panels.items() if bars}
    widths = [0.6 + len(bars) for bars in panels.values()]
    size = (0.95 * sum(widths) + 1.0, 3.4)
    kinds = {"sharey": True, "squeeze": False, "layout": "constrained", "width_ratios": widths}
    figure, axes = plt.subplots(1, len(panels), figsize=size, **kinds)
    for axis, (name, bars) in zip(axes[0], panels.items(), strict=True):
        _panel(axis, bars)
        axis.set_title({"scratch": "from scratch", "finetuned": "fine-tuned"}[name], loc="left")
    axes[0, 0].set_ylabel("exact match on the held-out block")
    figure.legend(handles=_legend(), loc="outside upper center", ncols=2, frameon=False)
    add_caption(figure, table, "Bars: means over seeds at the last step.")
    return {"fig17a": figure}


def _scratch_bars(data: pd.DataFrame) -> list[tuple]:
    """(label, colour, our rows, the paper's rows) of every bar."""
    found = []
    for model, words in _MODELS.items():
        for setting in (LARGE, SMALL):
            rows = data[(data["training"] == "scratch") & (data["model"] == model) & (data["setting"] == setting)]
            runs, paper = (rows[rows["source"] == source] for source in ("run", "paper"))
            if len(runs):
                gamma, decay = (runs[name].iloc[0] for name in ("gamma", "weight_decay"))
                label = f"{words}\n$\\gamma$ {gamma:g}\ndecay {decay:g}"
                found.append((label, COLOURS[setting], runs, paper))
    return found


def _tuned_bars(data: pd.DataFrame) -> list[tuple]:
    tuned = data[data["training"] == "finetuned"]
    runs, paper = (tuned[tuned["source"] == source] for source in ("run", "paper"))
    return [
        (f"decay {decay:g}", "0.6", rows, paper[paper["weight_decay"] == decay])
        for decay, rows in runs.groupby("weight_decay")
    ]


def _panel(axis: Axes, bars: list[tuple]) -> None:
    for x, (_, colour, runs, paper) in enumerate(bars):
        axis.bar(x, runs["accuracy"].mean(), width=0.62, color=colour, alpha=0.55)
        for shift, (column, marker, ink) in zip((-0.18, 0.0, 0.18), _MARKS, strict=True):
            axis.plot([x + shift] * len(runs), runs[column], linestyle="", marker=marker, color=ink, markersize=3.5)
        draw_paper(axis, [x] * len(paper), paper["accuracy"], INK)
    axis.set_xticks(range(len(bars)), [label for label, *_ in bars], fontsize=plt.rcParams["font.size"] - 2)
    axis.set_xlim(-0.6, len(bars) - 0.4)
    finish(axis)


_MARKS = (("accuracy", ".", INK), ("accuracy_equal_loss", "^", FAINT), ("test_accuracy", "_", SEEN))
_WORDS = ("held-out block, last step", "held-out block, at equal training loss", "unseen pairs outside the block")


def _legend() -> list[Line2D]:
    found = [
        Line2D([], [], linestyle="", marker=marker, color=ink, label=words)
        for (_, marker, ink), words in zip(_MARKS, _WORDS, strict=True)
    ]
    paper = {"linestyle": "", "marker": "D", "markerfacecolor": "none", "color": INK}
    return [*found, Line2D([], [], label="paper, held-out block", **paper)]
