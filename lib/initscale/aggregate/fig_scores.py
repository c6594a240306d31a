"""Every score of every run beside the run's phase: which of them tell the phases apart.

A run's phase is read from its answers, never from its gamma: ``shaded`` if its accuracy on seen pairs with test keys is
below ``figures.fig2.shade_below``, else the mapping that more than ``answered`` of its answers to the unseen pair
follow, else ``neither``. For every score: its value in each run; mean and 95 % interval (Student's t) over the runs of
each phase; and for symmetric against inferential runs

    separation = P(value of a symmetric run > value of an inferential one), ties counting half,

the area under the ROC curve: 1 or 0 if the score tells every pair of runs apart, 0.5 if it tells nothing, with the
p-value of the Mann-Whitney test. No correction is made for the number of scores.
"""

from __future__ import annotations

import numpy as np
import pandas as pd
import pyarrow as pa
from scipy import stats

from initscale.aggregate.captions import model_words, task_words
from initscale.aggregate.shown import AXES, GRID_COLUMNS, PHASES, nullable_table, own_mapping
from initscale.paths import Layout
from initscale.storage import read_table
from initscale.tables import Column

CONFIDENCE = 0.95
SOURCES = ("fig3", "fig4", "fig5", "fig12", "fig_circuits")
COLUMNS = (
    Column("kind", "string", "", "run (value of one run), phase (mean of a phase's runs), separation"),
    Column("figure", "string", "", "figure whose table the score is from, where it is defined"),
    Column("score", "string", "", "name of the score"),
    Column("part", "string", "", "what it is measured on: a threshold or the name of a weight; empty if there is one"),
    Column("phase", "string", "", "symmetric, inferential, shaded or neither; null for a separation"),
    *GRID_COLUMNS,
    Column("value", "float64", "as the score", "the score of the run, the mean, or the separation"),
    Column("low", "float64", "as the score", "lower end of the mean's 95 % interval; null for fewer than two runs"),
    Column("high", "float64", "as the score", "upper end"),
    Column("p", "float64", "1", "p-value of the Mann-Whitney test (kind separation)"),
    Column("n", "int64", "runs", "number of runs of a phase, or of both phases"),
)
_NAMES = ["figure", "score", "part"]


def inputs(config: dict) -> dict[str, list[str]]:
    """Files that the table is made of: tables of other figures."""
    return {figure: [Layout(config).table(figure)] for figure in SOURCES}


def table(config: dict) -> pa.Table:
    """Make the table; see ``COLUMNS``."""
    options, layout = config["figures"]["fig_scores"], Layout(config)
    tables = {figure: read_table(layout.table(figure)).to_pandas() for figure in SOURCES}
    phases = phases_of_runs(tables, options["answered"], config["figures"]["fig2"]["shade_below"])
    runs = scores_of_runs(tables).join(phases, on=list(AXES))
    runs = runs[runs["depth"] == options["depth"]]
    frames = [runs.assign(kind="run"), phase_means(runs), separations(runs)]
    return nullable_table(COLUMNS, frames, _caption(config, options["study"]))


def phases_of_runs(tables: dict[str, pd.DataFrame], answered: float, shade_below: float) -> pd.Series:
    """Phase of every run, index ``AXES``, name ``phase``."""
    fig3, fig5 = tables["fig3"], tables["fig5"]
    names = {f"{mapping}_accuracy": mapping for mapping in PHASES}
    accuracies = fig3[fig3["score"].isin(names)]
    own = own_mapping(accuracies.assign(mapping=accuracies["score"].map(names)), answered)
    seen = fig5[(fig5["quantity"] == "accuracy") & (fig5["part"] == "test")].set_index(list(AXES))["value"]
    phases = own.reindex(seen.index).fillna("neither").where(seen >= shade_below, "shaded")
    return phases.rename("phase")


def scores_of_runs(tables: dict[str, pd.DataFrame]) -> pd.DataFrame:
    """One row per run and score: ``figure``, ``score``, ``part``, ``AXES``, ``value``."""
    fig4, circuits = tables["fig4"], tables["fig_circuits"]
    frames = {
        "fig3": tables["fig3"][tables["fig3"]["score"].notna()],
        "fig4": fig4[fig4["kind"].str.endswith("_score") | (fig4["kind"] == "outputs_of_unseen")].assign(
            score=lambda rows: rows["kind"].str.removesuffix("_score")
        ),
        "fig5": _measured(tables["fig5"]),
        "fig12": _measured(tables["fig12"]),
        "fig_circuits": circuits[circuits["score"].notna()],
    }
    rows = pd.concat([rows.assign(figure=figure) for figure, rows in frames.items()], ignore_index=True)
    rows = rows[~rows["score"].str.endswith("_accuracy")]  # they define the phases
    rows["part"] = rows["part"].fillna("")
    return rows.dropna(subset="value")[[*_NAMES, *AXES, "value"]].astype({"value": float})


def _measured(rows: pd.DataFrame) -> pd.DataFrame:
    """Scores of a table in the long form of ``initscale.aggregate.measured``."""
    is_score = (rows["i"] < 0) & (rows["j"] < 0) & (rows["quantity"] != "accuracy")
    return rows[is_score].rename(columns={"quantity": "score"})


def phase_means(runs: pd.DataFrame) -> pd.DataFrame:
    """Mean and interval of every score over the runs of each phase."""
    rows = []
    for names, part in runs.groupby([*_NAMES, "phase"], sort=False):
        low, high = mean_interval(part["value"].to_numpy())
        facts = {"kind": "phase", "value": part["value"].mean(), "low": low, "high": high, "n": len(part)}
        rows.append(dict(zip([*_NAMES, "phase"], names, strict=True)) | facts)
    return pd.DataFrame(rows)


def mean_interval(values: np.ndarray) -> tuple[float | None, float | None]:
    """Student's t interval of a mean; (None, None) for fewer than two values."""
    if len(values) < 2:
        return None, None
    half = stats.sem(values) * stats.t.ppf((1 + CONFIDENCE) / 2, len(values) - 1)
    return values.mean() - half, values.mean() + half


def separations(runs: pd.DataFrame) -> pd.DataFrame:
    """Separation of symmetric and inferential runs by every score; see the module."""
    rows = []
    for names, part in runs.groupby(_NAMES, sort=False):
        symmetric, inferential = (part.loc[part["phase"] == phase, "value"] for phase in PHASES)
        if len(symmetric) and len(inferential):
            test = stats.mannwhitneyu(symmetric, inferential)
            share = test.statistic / (len(symmetric) * len(inferential))
            facts = {"kind": "separation", "value": share, "p": test.pvalue, "n": len(symmetric) + len(inferential)}
            rows.append(dict(zip(_NAMES, names, strict=True)) | facts)
    return pd.DataFrame(rows, columns=[*_NAMES, "kind", "value", "p", "n"])


def _caption(config: dict, study: str) -> str:
    task = task_words(config, config["studies"][study]["dataset"])
    return f"Scale `{config['scale']}`: {task}; {model_words(config, study)}."
