"""The authors' own run, replayed (beyond the paper): their log and our training from the same seed, epoch by epoch."""

from __future__ import annotations

import matplotlib.pyplot as plt
import pandas as pd
import pyarrow as pa
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from initscale.figures.panels.style import FAINT, INFERENTIAL, INK, KEY, SEEN, SYMMETRIC, add_caption

NEEDS = ("gamma", "seed", "precision", "epoch", "quantity", "group", "ours", "authors")
PICTURES = ("fig_authors_run", "fig_authors_run_small")
_ANSWERS = {"inferential": INFERENTIAL, "symmetric": SYMMETRIC}
_LOG = {"linestyle": "", "marker": "o", "markersize": 3.2, "markerfacecolor": "none", "markeredgewidth": 0.7}
_PRECISIONS = {"bf16": ("bfloat16 products", INK), "fp32": ("float32", KEY), "tf32": ("TF32 products", SEEN)}
_CLAIMED = {
    1e-4: (0, 0),
    1e-2: (0, 4),
}  # bound of the relative difference -> first and last epoch that it is claimed of
_SMALLEST = 1e-8  # the log has nine digits

Run = tuple[float, int]


def draw(table: pa.Table, options: dict) -> dict[str, Figure]:
    """Loss and accuracies, a column per gamma and seed; below them how far the loss is from the log's.

    The second picture has the logged run's loss alone, for a README.
    """
    data = table.to_pandas()
    data["group"] = data["group"].fillna("")
    for name in ("ours", "authors"):
        data[name] = data[name].astype(float)
    return {"fig_authors_run": _whole(table, data, options), "fig_authors_run_small": _small(data)}


def _whole(table: pa.Table, data: pd.DataFrame, options: dict) -> Figure:
    runs = columns(data)
    figure = plt.figure(figsize=(max(5.2, 0.9 + 2.1 * len(runs)), 6.6), layout="constrained")
    rows = figure.add_gridspec(3, len(runs), height_ratios=[1, 1, 1.15])
    above = None
    for column, run in enumerate(runs):
        part = longest(data, run)
        loss = figure.add_subplot(rows[0, column], sharex=above, sharey=above)
        above = above or loss
        accuracy = figure.add_subplot(rows[1, column], sharex=loss)
        _loss_panel(loss, part)
        _accuracy_panel(accuracy, part, options)
        loss.set_title(_title(run, part), loc="left")
        if column == 0:
            loss.set_ylabel("training loss")
            accuracy.set_ylabel("accuracy")
        for axis in (loss, accuracy):
            axis.tick_params(which="both", labelleft=column == 0)
    _difference_panel(figure.add_subplot(rows[2, :]), data)
    figure.legend(handles=_legend(options), loc="outside upper center", ncols=3, frameon=False)
    words = (
        "Lines: ours; hollow circles: the published log. Loss: mean over the epoch, drawn at its end; accuracy: before "
        "the epoch. Below: |ours / log - 1| of the loss. Of the same seed, data, weights and batches are the log's and "
        "only rounding differs; of another seed, everything does."
    )
    add_caption(figure, table, words)
    return figure


def columns(data: pd.DataFrame) -> list[Run]:
    """Gamma and seed of every column, by gamma, then seed."""
    return sorted({(row.gamma, row.seed) for row in data[["gamma", "seed"]].drop_duplicates().itertuples()})


def longest(data: pd.DataFrame, run: Run) -> pd.DataFrame:
    """Rows of one gamma and seed, in the precision that was trained for most epochs."""
    rows = data[(data["gamma"] == run[0]) & (data["seed"] == run[1])]
    return rows[rows["precision"] == rows.groupby("precision")["epoch"].max().idxmax()]


def relative_differences(data: pd.DataFrame) -> pd.DataFrame:
    """|ours / log - 1| of the training loss of every epoch that both have.

    Returns
    -------
    ``gamma``, ``seed``, ``precision``, ``epoch``, ``difference`` and ``same_seed``. Where it is false, ours is of
    another seed than the log, and the difference is a measure of what the seed does.
    """
    losses = data[data["quantity"] == "train_loss"]
    logged = losses.dropna(subset="authors").drop_duplicates(["gamma", "seed", "epoch"])
    logged = logged[["gamma", "seed", "epoch", "authors"]].rename(columns={"seed": "log_seed"})
    pairs = losses.drop(columns="authors").merge(logged, on=["gamma", "epoch"])
    difference = (pairs["ours"] / pairs["authors"] - 1).abs()
    same = pairs["seed"] == pairs["log_seed"]
    return pairs.assign(difference=difference, same_seed=same)[
        ["gamma", "seed", "precision", "epoch", "difference", "same_seed"]
    ]


def answers_to(part: pd.DataFrame, options: dict) -> dict[str, pd.DataFrame]:
    """What the accuracy panel draws: name -> ``epoch``, ``ours`` and ``authors``.

    ``inferential`` and ``symmetric``: the unseen pair with training keys; ``exception``: the pair with the
    non-inferential label, ``seen``: mean of all other trained pairs, both with test keys.
    """
    accuracies = part[part["quantity"] == "accuracy"]
    unseen, exception = ("_".join(map(str, options[name])) for name in ("unseen", "exception"))
    single = {name: f"{unseen}_{name}_train_keys" for name in _ANSWERS} | {"exception": f"{exception}_test_keys"}
    lines = {name: accuracies[accuracies["group"] == group] for name, group in single.items()}
    is_seen = accuracies["group"].str.fullmatch(r"\d+_\d+_test_keys") & (accuracies["group"] != single["exception"])
    means = accuracies[is_seen].groupby("epoch")[["ours", "authors"]].mean().reset_index()
    return {**lines, "seen": means}


def _loss_panel(axis: Axes, part: pd.DataFrame) -> None:
    losses = part[part["quantity"] == "train_loss"]
    axis.plot(losses["epoch"] + 1, losses["ours"], color=INK, linewidth=1.1)
    axis.plot(losses["epoch"] + 1, losses["authors"], markeredgecolor=FAINT, **_LOG)
    axis.set_yscale("log")
    axis.tick_params(labelbottom=False)
    _finish(axis)


def _accuracy_panel(axis: Axes, part: pd.DataFrame, options: dict) -> None:
    for name, rows in answers_to(part, options).items():
        axis.plot(rows["epoch"], rows["ours"], color=_COLOURS[name], linewidth=1.1)
        axis.plot(rows["epoch"], rows["authors"], markeredgecolor=_COLOURS[name], **_LOG)
    axis.set_ylim(-0.04, 1.04)
    axis.set_xlabel("epoch")
    _finish(axis)


_COLOURS = {**_ANSWERS, "exception": KEY, "seen": SEEN}


def _difference_panel(axis: Axes, data: pd.DataFrame) -> None:
    rows = relative_differences(data)
    for (gamma, seed, precision, same), run in rows.groupby(["gamma", "seed", "precision", "same_seed"]):
        words, colour = _PRECISIONS.get(precision, (precision, INK))
        label = rf"$\gamma$ = {gamma:g}, seed {seed}, {words}" if same else f"seed {seed} against the log's"
        look = {"color": colour, "marker": "."} if same else {"color": FAINT, "linestyle": "--"}
        axis.plot(run["epoch"], run["difference"].clip(lower=_SMALLEST), label=label, linewidth=1.0, **look)
    axis.set_title("relative difference of the loss, ours and the log", loc="left")
    axis.set_xlabel("epoch, from 0")
    if rows.empty:
        axis.text(0.5, 0.5, "no run here has a published log", transform=axis.transAxes, ha="center", color=FAINT)
        axis.set(xticks=[], yticks=[])
        return
    axis.set_yscale("log")
    for bound, (first, last) in _CLAIMED.items():
        label = "bounds claimed" if bound == min(_CLAIMED) else None
        axis.plot([first - 0.4, last + 0.4], [bound, bound], color=SYMMETRIC, linewidth=2.2, label=label)
    axis.legend(frameon=False, ncols=2, loc="lower right")
    _finish(axis)


def _small(data: pd.DataFrame) -> Figure:
    """Loss of the run with a log, or of the last column where there is none."""
    runs = columns(data)
    run = next((run for run in runs if longest(data, run)["authors"].notna().any()), runs[-1])
    figure, axis = plt.subplots(figsize=(3.6, 2.2), layout="constrained")
    _loss_panel(axis, longest(data, run))
    axis.tick_params(labelbottom=True)
    axis.set(xlabel="epoch", ylabel="training loss")
    axis.legend([*axis.lines], ["ours, from the published seed", "the authors' log"], frameon=False, loc="lower left")
    return figure


def _title(run: Run, part: pd.DataFrame) -> str:
    source = "with the log" if part["authors"].notna().any() else "ours alone"
    return rf"$\gamma$ = {run[0]:g}, seed {run[1]}" + f"\n{source}"


def _legend(options: dict) -> list[plt.Line2D]:
    (a, b), (c, d) = options["unseen"], options["exception"]
    names = {
        "inferential": f"({a},{b}) inferential",
        "symmetric": f"({a},{b}) symmetric",
        "exception": f"exception ({c},{d})",
        "seen": "other seen pairs",
    }
    handles = [plt.Line2D([], [], color=_COLOURS[name], label=label) for name, label in names.items()]
    handles.append(plt.Line2D([], [], color=INK, label="training loss"))
    return [*handles, plt.Line2D([], [], markeredgecolor=FAINT, label="the published log", **_LOG)]


def _finish(axis: Axes) -> None:
    axis.xaxis.get_major_locator().set_params(integer=True)
    axis.tick_params(which="minor", length=1.5)
    axis.grid(axis="y", color="0.92")
    axis.spines[["top", "right"]].set_visible(False)
