"""Table of Fig 2a,b: accuracy on the unseen pair under both mappings, for every gamma, depth and seed.

Two versions. ``last``: the last row of the history, at the recipe's own learning rate. ``best``: the paper's
rule, for each seed the best over learning rates and over the rows of the history, separately for each mapping.
The second flatters both mappings, because each may take another run and another moment.
"""

from __future__ import annotations

import pandas as pd
import pyarrow as pa

from initscale.figures.reading.captions import count_words, model_words, task_words
from initscale.figures.reading.histories import answer_columns, history_files, read_histories
from initscale.files.tables import Column, make_table
from initscale.models.scale import embedding_std

COLUMNS = (
    Column("version", "string", "", "last: last row, the recipe's learning rate; best: best over rates and rows"),
    Column("mapping", "string", "", "symmetric or inferential: the labels that the unseen pair is scored with"),
    Column("gamma", "float64", "1", "initialization rate"),
    Column("embedding_std", "float64", "1", "initial standard deviation of the token embedding"),
    Column("depth", "int64", "layers", "number of layers"),
    Column("seed", "int64", "", "seed of initial weights and batch order"),
    Column("accuracy", "float64", "share", "accuracy on the unseen pair"),
    Column("seen_accuracy", "float64", "share", "accuracy on seen pairs with test keys (same version)"),
    Column("lr", "float64", "1", "peak learning rate of the run that `accuracy` comes from"),
    Column("step", "int64", "steps", "step that `accuracy` comes from"),
)
_CELL = ["gamma", "depth", "seed"]


def inputs(config: dict) -> dict[str, list[str]]:
    """Files that the table is made of."""
    return {"histories": history_files(config, config["figures"]["fig2"]["study"])}


def table(config: dict) -> pa.Table:
    """Make the table; see the module's docstring and ``COLUMNS``."""
    options = config["figures"]["fig2"]
    study = config["studies"][options["study"]]
    scored = answer_columns(options)
    rows = read_histories(config, options["study"], ["step", "acc_test", *scored.values()])
    found = pd.concat(
        [
            versions(rows, column, _recipe_lr(config, study)).assign(mapping=mapping)
            for mapping, column in scored.items()
        ]
    )
    model = config["models"][study["model"]]
    found["embedding_std"] = [embedding_std(model, gamma) for gamma in found["gamma"]]
    result = make_table(COLUMNS, {c.name: found[c.name].to_numpy() for c in COLUMNS})
    return result.replace_schema_metadata({"caption": _caption(config, found)})


def versions(rows: pd.DataFrame, column: str, recipe_lr: float) -> pd.DataFrame:
    """Both versions of one accuracy column.

    Parameters
    ----------
    rows : histories with the columns step, acc_test, ``column``, gamma, depth, seed, lr_peak.
    column : the accuracy that is looked at.
    recipe_lr : learning rate of the version ``last``.
    """
    one_rate = rows[rows["lr_peak"] == recipe_lr]
    last = one_rate.loc[one_rate.groupby(_CELL)["step"].idxmax()]
    best = rows.loc[rows.groupby(_CELL)[column].idxmax()]
    best_seen = rows.groupby(_CELL)["acc_test"].max()
    best = best.drop(columns="acc_test").join(best_seen, on=_CELL)
    both = pd.concat([last.assign(version="last"), best.assign(version="best")])
    names = {column: "accuracy", "acc_test": "seen_accuracy", "lr_peak": "lr"}
    return both.rename(columns=names)[["version", *_CELL, "accuracy", "seen_accuracy", "lr", "step"]]


def _recipe_lr(config: dict, study: dict) -> float:
    return config["training"][study["training"]]["lr"]


def _caption(config: dict, found: pd.DataFrame) -> str:
    options = config["figures"]["fig2"]
    study = config["studies"][options["study"]]
    n = count_words(found.groupby(["gamma", "depth"])["seed"].nunique())
    return (
        f"Scale `{config['scale']}`: {task_words(config, study['dataset'])}; {model_words(config, options['study'])}. "
        f"Each cell is the mean of {n} seed(s); pair ({options['unseen'][0]},{options['unseen'][1]}) scored on keys "
        f"of the {'training' if options['keys'] == 'train' else 'test'} split."
    )
