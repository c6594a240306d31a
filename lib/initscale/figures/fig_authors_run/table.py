"""Table of the replay of the authors' own run: our training beside their published log, epoch by epoch.

``train_loss`` of epoch e, counted from 0, is the mean over the steps of that epoch. ``accuracy`` of epoch e is that
before the epoch, so epoch 0 is the untrained model. The log has every loss, and the accuracies before each third epoch.

``authors`` is filled only for runs with all settings of the published one (``PUBLISHED``) and a gamma and seed that
config/authors_log.csv has. Everything else is ours alone: another seed, another gamma, a smaller model.
"""

from __future__ import annotations

import os

import numpy as np
import pandas as pd
import pyarrow as pa

from initscale.experiment.grid import evaluation_of, run_facts, study_points
from initscale.experiment.paths import Layout
from initscale.figures.reading.all_runs import nullable_table
from initscale.figures.reading.captions import count_words
from initscale.files.storage import read_table
from initscale.files.tables import Column
from initscale.repository import CONFIG_FOLDER
from initscale.tasks.anchor_published.definition import training_rows

LOG_FILE = CONFIG_FOLDER / "authors_log.csv"
KEYS = ("gamma", "seed", "epoch", "quantity", "group")
COLUMNS = (
    Column("gamma", "float64", "1", "initialization rate"),
    Column("seed", "int64", "", "the published seed, or another one: of data, initial weights and batch order"),
    Column("precision", "string", "", "arithmetic of our matrix products"),
    Column("epoch", "int64", "epochs", "train_loss: over this epoch, from 0; accuracy: before it"),
    Column("quantity", "string", "", "train_loss or accuracy"),
    Column("group", "string", "", "accuracy: what is scored, named as in a history; empty for train_loss"),
    Column("ours", "float64", "nats or share", "our value"),
    Column("authors", "float64", "nats or share", "value of the published log; null where this repository has none"),
)
PUBLISHED = {
    "dataset": {
        "task": "anchor_published",
        "length": 9,
        "values": [20, 99],
        "anchor_shifts": [5, 1, -2, -8],
        "exceptions": [{"pair": [3, 4], "shift": -6}],
        "unseen": [[4, 3]],
        "split_modulus": "n",
        "sequences_per_pair": 56250,
        "test_fraction": 0.1,
    },
    "model": {
        **{"depth": 2, "d_model": 400, "n_heads": 1, "d_head": 200, "d_ff": 1200, "vocabulary": 201},
        **{"max_positions": 20, "norm": "post", "activation": "relu", "final_norm": False},
    },
    "init": {"axis": "input", "embedding": "width", "draws": "published"},
    "training": {
        **{"batch": 2048, "duration": "210 epochs", "warmup": "10 epochs", "batch_order": "published"},
        **{"lr": 2e-4, "lr_start": 1e-5, "lr_end": 1e-5, "betas": [0.9, 0.999], "eps": 1e-8},
        **{"weight_decay": 0.01, "clip": 1.0},
    },
}
"""Settings of the published runs by part of a run's facts (the authors' logs)."""


def inputs(config: dict) -> dict[str, list[str]]:
    """Files that the table is made of."""
    histories = [_history(config, study, point) for study, point in _runs(config)]
    return {"histories": histories, "log": [os.path.relpath(LOG_FILE)]}


def table(config: dict) -> pa.Table:
    """Make the table; see the module's docstring and ``COLUMNS``."""
    log = read_log()
    rows = pd.concat([_with_log(run_rows(config, *run), run_facts(config, *run), log) for run in _runs(config)])
    return nullable_table(COLUMNS, [rows], _caption(config, rows))


def read_log() -> pd.DataFrame:
    """The published log, one number per row: ``KEYS`` and ``authors``."""
    rows = pd.read_csv(LOG_FILE, comment="#", dtype={"group": "string"}, keep_default_na=False)
    return rows.rename(columns={"value": "authors"})[[*KEYS, "authors"]]


def run_rows(config: dict, study: str, point: dict) -> pd.DataFrame:
    """Our numbers of one run: ``KEYS``, ``precision`` and ``ours``."""
    history = read_table(_history(config, study, point)).to_pandas()
    precision = config["training"][config["studies"][study]["training"]]["precision"]
    rows = pd.concat([epoch_losses(history), epoch_accuracies(history)], ignore_index=True)
    return rows.assign(gamma=point["gamma"], seed=point["seed"], precision=precision)


def epoch_losses(history: pd.DataFrame) -> pd.DataFrame:
    """Mean training loss of every complete epoch, from a history with any number of rows per epoch."""
    steps, per_epoch = history["step"].to_numpy(), _steps_per_epoch(history)
    weights, of_epoch = np.diff(steps), (steps[1:] - 1) // per_epoch
    epochs = np.unique(of_epoch)
    complete = [e for e in epochs if {e * per_epoch, (e + 1) * per_epoch} <= set(steps.tolist())]
    losses = history["loss"].to_numpy()[1:]
    means = [np.average(losses[of_epoch == e], weights=weights[of_epoch == e]) for e in complete]
    return pd.DataFrame({"epoch": complete, "ours": means}).assign(quantity="train_loss", group="")


def epoch_accuracies(history: pd.DataFrame) -> pd.DataFrame:
    """Every accuracy before each epoch; the exception has a second name in a history, which is left out."""
    whole = history[history["step"] % _steps_per_epoch(history) == 0]
    names = [name for name in history if name.startswith("acc_") and not name.startswith("acc_exception_")]
    rows = whole.melt(id_vars=["epoch"], value_vars=names, var_name="group", value_name="ours")
    group = rows["group"].str.removeprefix("acc_")
    return rows.assign(epoch=rows["epoch"].round().astype(int), group=group, quantity="accuracy")


def is_published(facts: dict) -> bool:
    """Whether a run has all settings of the published ones; gamma, seed, precision and where it ends may differ."""
    parts = {**facts, "init": facts["model"]["init"]}
    same_seed = facts["dataset"]["seed"] == facts["seed"]
    return same_seed and all(
        parts[part].get(key) == value for part, settings in PUBLISHED.items() for key, value in settings.items()
    )


def _with_log(rows: pd.DataFrame, facts: dict, log: pd.DataFrame) -> pd.DataFrame:
    """Our rows with the log's numbers beside them, where it has the same run."""
    known = log if is_published(facts) else log.iloc[:0]
    return rows.merge(known, on=list(KEYS), how="left")


def _steps_per_epoch(history: pd.DataFrame) -> int:
    last = history.iloc[-1]
    return round(last["step"] / last["epoch"])


def _runs(config: dict) -> list[tuple[str, dict]]:
    """Study and grid point of every run, studies in the order of the options."""
    studies = config["figures"]["fig_authors_run"]["studies"]
    return [(study, point) for study in studies for point in study_points(config["studies"][study])]


def _history(config: dict, study: str, point: dict) -> str:
    return f"{Layout(config).run_folder(study, point)}/history.parquet"


def _caption(config: dict, rows: pd.DataFrame) -> str:
    options = config["figures"]["fig_authors_run"]
    section = config["studies"][options["studies"][0]]
    spec, model = config["datasets"][section["dataset"]], config["models"][section["model"]]
    recipe, (a, b) = config["training"][section["training"]], options["unseen"]
    epochs = rows[rows["quantity"] == "train_loss"].groupby(["gamma", "seed", "precision"])["epoch"].max() + 1
    return (
        f"Scale `{config['scale']}`: data, initial weights and batches drawn in the order of the authors' public runs, "
        f"from one seed; {training_rows(spec):,} training sequences of {spec['length']} tokens, "
        f"d_model {model['d_model']}, 2 layers; AdamW, batch {recipe['batch']}, peak rate {recipe['lr']:g}, schedule "
        f"of {recipe['duration']}, {count_words(epochs)} of them trained. {_log_words(config, rows)} Accuracies of "
        f"ours: first {evaluation_of(config, section)['sequences']} sequences of a group, the log has all; ({a},{b}) "
        "on keys of the training split, seen pairs and the exception on keys of the test split."
    )


def _log_words(config: dict, rows: pd.DataFrame) -> str:
    """Which runs have a log here, and which have its settings but none, so that ours predicts what it says."""
    published = {_run_words(point) for study, point in _runs(config) if is_published(run_facts(config, study, point))}
    logged = {_run_words(run) for run in rows[rows["authors"].notna()][["gamma", "seed"]].to_dict("records")}
    log, predicted = (", ".join(sorted(runs)) or "none" for runs in (logged, published - logged))
    return f"Published log: {log}. Ours alone, a prediction: {predicted}."


def _run_words(run: dict) -> str:
    return f"gamma {run['gamma']:g} seed {run['seed']}"
