"""Every score of every run beside the run's phase: which of them tell the phases apart.

A run's phase is read from its answers (``reading.phases``), never from its gamma. For every score: its
value in each run; mean and 95 % interval (Student's t) over the seeds of each phase, runs that share a seed averaged
first; and for symmetric against inferential runs

    separation = P(value of a symmetric run > value of an inferential one), ties counting half,

the area under the ROC curve: 1 or 0 if the score tells every pair of runs apart, 0.5 if it tells nothing, with the
interval and the p of the claims about phases (``initscale.claims.intervals``, rank), here against 0.5. No correction is
made for the number of scores.
"""

from __future__ import annotations

import pandas as pd
import pyarrow as pa

from initscale.claims.cells import REPLICATE
from initscale.claims.intervals import estimate
from initscale.claims.metrics import Sample
from initscale.experiment.paths import Layout
from initscale.figures import table_files
from initscale.figures.fig_scores import SOURCES
from initscale.figures.reading.all_runs import GRID_COLUMNS, nullable_table
from initscale.figures.reading.captions import model_words, task_words
from initscale.figures.reading.displayed import AXES, PHASES
from initscale.files.parts import read_whole
from initscale.files.tables import Column

CONFIDENCE = 0.95
COLUMNS = (
    Column("kind", "string", "", "run (value of one run), phase (mean of a phase's runs), separation"),
    Column("figure", "string", "", "figure whose table the score is from, where it is defined"),
    Column("score", "string", "", "name of the score"),
    Column("part", "string", "", "what it is measured on: a threshold or the name of a weight; empty if there is one"),
    Column("phase", "string", "", "symmetric, inferential, shaded or neither; null for a separation"),
    *GRID_COLUMNS,
    Column("value", "float64", "as the score", "the score of the run, the mean, or the separation"),
    Column("low", "float64", "as the score", "lower end of the 95 % interval over seeds; null for fewer than two"),
    Column("high", "float64", "as the score", "upper end"),
    Column("p", "float64", "1", "two-sided p of the separation against 0.5 (kind separation)"),
    Column("n", "int64", "runs", "number of runs of a phase, or of both phases"),
    Column("seeds", "int64", "seeds", "number of their seeds, in the smaller phase of a separation"),
)
_NAMES = ["figure", "score", "part"]


def inputs(config: dict) -> dict[str, list[str]]:
    """Files that the table is made of: tables of other figures."""
    return {figure: table_files(Layout(config), figure) for figure in SOURCES}


def table(config: dict) -> pa.Table:
    """Make the table; see ``COLUMNS``."""
    options, layout = config["figures"]["fig_scores"], Layout(config)
    tables = {figure: read_whole(layout.table(figure)).to_pandas() for figure in SOURCES}
    runs = scores_of_runs(tables).join(phases_of_runs(tables), on=list(AXES))
    runs = runs[runs["depth"] == options["depth"]]
    frames = [runs.assign(kind="run"), phase_means(runs), separations(runs)]
    return nullable_table(COLUMNS, frames, _caption(config, options["study"]))


def phases_of_runs(tables: dict[str, pd.DataFrame]) -> pd.Series:
    """Phase of every run, index ``AXES``, name ``phase``."""
    return tables["fig_circuits"].drop_duplicates(list(AXES)).set_index(list(AXES))["answers"].rename("phase")


def scores_of_runs(tables: dict[str, pd.DataFrame]) -> pd.DataFrame:
    """One row per run and score: ``figure``, ``score``, ``part``, ``AXES``, ``value``."""
    fig4, circuits = tables["fig4"], tables["fig_circuits"]
    of_fig4 = fig4["kind"].str.endswith("_score") | fig4["kind"].isin(["outputs_of_unseen", "fused_level"])
    frames = {
        "fig3": tables["fig3"][tables["fig3"]["score"].notna()],
        "fig4": fig4[of_fig4].assign(score=lambda rows: rows["kind"].str.removesuffix("_score")),
        "fig5": _measured(tables["fig5"]),
        "fig12": _measured(tables["fig12"]),
        "fig_circuits": circuits[circuits["score"].notna()],
    }
    rows = pd.concat([rows.assign(figure=figure) for figure, rows in frames.items()], ignore_index=True)
    rows = rows[~rows["score"].str.endswith("_accuracy")]  # they define the phases
    rows["part"] = rows["part"].fillna("")
    return rows.dropna(subset="value")[[*_NAMES, *AXES, "value"]].astype({"value": float})


def _measured(rows: pd.DataFrame) -> pd.DataFrame:
    """Scores of a table in the long form of ``initscale.figures.reading.single_runs``."""
    is_score = (rows["i"] < 0) & (rows["j"] < 0) & (rows["quantity"] != "accuracy")
    return rows[is_score].rename(columns={"quantity": "score"})


def phase_means(runs: pd.DataFrame) -> pd.DataFrame:
    """Mean and interval of every score over the seeds of each phase."""
    rows = []
    for names, part in runs.groupby([*_NAMES, "phase"], sort=False):
        by_seed = part.groupby("seed")["value"].mean()
        facts = {"kind": "phase", "value": by_seed.mean(), "n": len(part), "seeds": len(by_seed)}
        sample = Sample((by_seed.to_numpy(),), (by_seed.index.to_numpy(),))
        rows.append(dict(zip([*_NAMES, "phase"], names, strict=True)) | facts | _interval("mean", sample))
    return pd.DataFrame(rows)


def _interval(test: str, sample: Sample) -> dict[str, float | None]:
    if min(map(len, sample.groups)) < 2:
        return {"low": None, "high": None}
    found = estimate(test, sample, CONFIDENCE, 0.5, "above")
    return {"low": found.low, "high": found.high}


def separations(runs: pd.DataFrame) -> pd.DataFrame:
    """Separation of symmetric and inferential runs by every score; runs that differ in their rates only are one."""
    rows = []
    for names, part in runs.groupby(_NAMES, sort=False):
        once = part.groupby([*REPLICATE, "phase"], as_index=False)["value"].mean()
        groups = [once[once["phase"] == phase] for phase in PHASES]
        if all(map(len, groups)):
            values, seeds = (tuple(group[name].to_numpy() for group in groups) for name in ("value", "seed"))
            found = estimate("rank", Sample(values, seeds), CONFIDENCE, 0.5, "above")
            facts = {"value": found.effect, "low": found.low, "high": found.high, "seeds": found.n}
            facts |= {"p": min(1.0, 2 * min(found.p, 1 - found.p)), "n": sum(map(len, groups))}
            rows.append(dict(zip(_NAMES, names, strict=True)) | {"kind": "separation"} | facts)
    return pd.DataFrame(rows, columns=[*_NAMES, "kind", "value", "low", "high", "p", "n", "seeds"])


def _caption(config: dict, study: str) -> str:
    task = task_words(config, config["studies"][study]["dataset"])
    return f"Scale `{config['scale']}`: {task}; {model_words(config, study)}."
