"""Table of Fig 14: inferential accuracy over learning rate and weight decay, and whether it rises with both.

Two kinds of rows. ``run``: the last row of a run's history. ``rank_correlation``: Spearman's correlation of the
accuracy with one axis at fixed values of the other, averaged over these for each seed; mean over seeds with its t
interval. This is the metric of the claims (``initscale.claims.metrics``, trend), over the runs whose ``tested`` is true
and that have learned the seen pairs.
"""

from __future__ import annotations

import pandas as pd
import pyarrow as pa

from initscale.claims.intervals import estimate
from initscale.claims.metrics import METRICS
from initscale.claims.selection import Unavailable
from initscale.figures.reading.all_runs import nullable_table
from initscale.figures.reading.captions import count_words, model_words, task_words
from initscale.figures.reading.histories import answer_columns, history_files, last_rows, read_histories
from initscale.files.tables import Column

AXES = ("lr", "weight_decay")
CONFIDENCE = 0.95
PAPER_GRID = {"lr": 5, "weight_decay": 5, "seed": 9}
COLUMNS = (
    Column("kind", "string", "", "run or rank_correlation"),
    Column("gamma", "float64", "1", "initialization rate"),
    Column("depth", "int64", "layers", "number of layers"),
    Column("lr", "float64", "1", "peak learning rate"),
    Column("weight_decay", "float64", "1", "AdamW's weight decay"),
    Column("seed", "int64", "", "seed of initial weights and batch order"),
    Column("accuracy", "float64", "share", "inferential accuracy on the unseen pair"),
    Column("seen_accuracy", "float64", "share", "accuracy on seen pairs with test keys"),
    Column("step", "int64", "steps", "step of the last row"),
    Column("tested", "bool", "", "whether the run counts in the rank correlations"),
    Column("axis", "string", "", "rank_correlation: lr or weight_decay"),
    Column("held", "string", "", "rank_correlation: the axis that is held fixed"),
    Column("value", "float64", "1", "rank_correlation: Spearman's correlation"),
    Column("low", "float64", "1", "rank_correlation: lower end of the interval"),
    Column("high", "float64", "1", "rank_correlation: upper end of the interval"),
    Column("confidence", "float64", "share", "rank_correlation: confidence level of the interval"),
    Column("n", "int64", "seeds", "rank_correlation: number of seeds"),
)


def inputs(config: dict) -> dict[str, list[str]]:
    """Files that the table is made of."""
    return {"histories": history_files(config, config["figures"]["fig14"]["study"])}


def table(config: dict) -> pa.Table:
    """Make the table; see the module's docstring and ``COLUMNS``."""
    options = config["figures"]["fig14"]
    column = answer_columns(options)["inferential"]
    runs = last_rows(read_histories(config, options["study"], ["step", "acc_test", column]))
    runs = runs.rename(columns={column: "accuracy", "acc_test": "seen_accuracy", "lr_peak": "lr"})
    runs = runs.assign(kind="run", tested=~runs["weight_decay"].isin(options["beyond"]))
    return nullable_table(COLUMNS, [runs, correlations(runs, options["shade_below"])], _caption(config, runs))


def correlations(runs: pd.DataFrame, shade_below: float) -> pd.DataFrame:
    """Rows of the kind ``rank_correlation``: each axis, with the other one held fixed."""
    learned = runs[runs["tested"] & (runs["seen_accuracy"] >= shade_below)]
    rows = [{"axis": axis, "held": other, **_trend(learned, axis, other)} for axis, other in (AXES, AXES[::-1])]
    return pd.DataFrame(rows).assign(kind="rank_correlation", confidence=CONFIDENCE)


def _trend(runs: pd.DataFrame, axis: str, held: str) -> dict[str, float]:
    """Value, interval and n; no value where no line of the grid has three runs, no interval for one seed."""
    try:
        sample = METRICS["trend"].sample(runs, {"value": "accuracy", "along": axis, "within": [held]}, {})
    except Unavailable:
        return {"n": 0}
    (values,) = sample.groups
    if len(values) < 2:
        return {"value": values.mean(), "n": len(values)}
    found = estimate("mean", sample, CONFIDENCE, 0.0, "above")
    return {"value": found.effect, "low": found.low, "high": found.high, "n": found.n}


def _caption(config: dict, runs: pd.DataFrame) -> str:
    options = config["figures"]["fig14"]
    study, tested = config["studies"][options["study"]], runs[runs["tested"]]
    per_cell = count_words(runs.groupby(list(AXES))["seed"].nunique())
    (a, b), split = options["unseen"], {"train": "training", "test": "test"}[options["keys"]]
    (gamma,), (depth,) = runs["gamma"].unique(), runs["depth"].unique()
    return (
        f"Scale `{config['scale']}`: {task_words(config, study['dataset'])}; {depth} layers, gamma "
        f"{gamma:g}, {model_words(config, options['study'])}. Mean of {per_cell} run(s) per cell, last evaluation; "
        f"pair ({a},{b}) scored on keys of the {split} split.{_grid_words(tested)}{_beyond_words(options)} Rank "
        f"correlation (rho): Spearman's at fixed values of the other axis, mean over these and over seeds with "
        f"{CONFIDENCE:.0%} interval (Student's t over seeds), without runs that have not learned the seen pairs."
    )


def _grid_words(tested: pd.DataFrame) -> str:
    """Says so if the grid is smaller than the paper's."""
    size = {axis: tested[axis].nunique() for axis in PAPER_GRID}
    if all(size[axis] >= wanted for axis, wanted in PAPER_GRID.items()):
        return ""
    return (
        f" A grid of {size['lr']} rates x {size['weight_decay']} decays with up to {size['seed']} run(s) each; the "
        f"paper has {PAPER_GRID['lr']} x {PAPER_GRID['weight_decay']} with {PAPER_GRID['seed']}."
    )


def _beyond_words(options: dict) -> str:
    if not options["beyond"]:
        return ""
    values = ", ".join(f"{value:g}" for value in options["beyond"])
    return f" Set apart and not in the rank correlations: weight decay {values} (the journal extension's)."
