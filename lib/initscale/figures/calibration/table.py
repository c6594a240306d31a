"""Table of the calibration: end of every run of several studies that differ in one setting each."""

from __future__ import annotations

import pandas as pd
import pyarrow as pa

from initscale.experiment.grid import study_points
from initscale.figures.reading.histories import answer_columns, history_files, record_files
from initscale.files.storage import read_json, read_table
from initscale.files.tables import Column, last_row, make_table
from initscale.models.scale import embedding_std

FACTORS = (
    Column("values", "int64", "tokens", "number of values of key and noise items"),
    Column("length", "int64", "tokens", "sequence length"),
    Column("d_model", "int64", "1", "width of the residual stream"),
    Column("batch", "int64", "sequences", "batch size"),
    Column("steps", "int64", "steps", "planned length of the training"),
    Column("lr", "float64", "1", "peak learning rate"),
    Column("weight_decay", "float64", "1", "AdamW's weight decay"),
)
COLUMNS = (
    Column("study", "string", "", "key of `studies` in the configuration"),
    *FACTORS,
    Column("gamma", "float64", "1", "initialization rate"),
    Column("embedding_std", "float64", "1", "initial standard deviation of the token embedding"),
    Column("lr_over_std", "float64", "1", "peak learning rate over embedding_std: Adam's step relative to the weights"),
    Column("depth", "int64", "layers", "number of layers"),
    Column("seed", "int64", "", "seed of initial weights and batch order"),
    Column("symmetric", "float64", "share", "accuracy on the unseen pair, symmetric label, last row"),
    Column("inferential", "float64", "share", "accuracy on the unseen pair, inferential label, last row"),
    Column("seen", "float64", "share", "accuracy on seen pairs with test keys, last row"),
    Column("loss", "float64", "nats", "training loss of the last row"),
    Column("stopped_at", "int64", "steps", "step of the last row"),
    Column("train_seconds", "float64", "s", "wall time of the training"),
)


def inputs(config: dict) -> dict[str, list[str]]:
    """Files that the table is made of."""
    studies = config["figures"]["calibration"]["studies"]
    return {
        "histories": [path for study in studies for path in history_files(config, study)],
        "records": [path for study in studies for path in record_files(config, study)],
    }


def table(config: dict) -> pa.Table:
    """Make the table; see ``COLUMNS``."""
    options = config["figures"]["calibration"]
    rows = [row for study in options["studies"] for row in _study_rows(config, study, options)]
    found = pd.DataFrame(rows)
    result = make_table(COLUMNS, {c.name: found[c.name].to_numpy() for c in COLUMNS})
    words = f"Scale `{config['scale']}`; last evaluation of every run, lines through the means."
    return result.replace_schema_metadata({"caption": words})


def _study_rows(config: dict, study: str, options: dict) -> list[dict]:
    section = config["studies"][study]
    paths = zip(study_points(section), history_files(config, study), record_files(config, study), strict=True)
    rows = []
    for point, history, record in paths:
        run = read_json(record)
        last = last_row(read_table(history))
        factors = _factors(run["facts"])
        std, answers = embedding_std(run["facts"]["model"], point["gamma"]), answer_columns(options)
        rows.append(
            {
                "study": study,
                **factors,
                "gamma": point["gamma"],
                "embedding_std": std,
                "lr_over_std": factors["lr"] / std,
                "depth": point["depth"],
                "seed": point["seed"],
                "symmetric": last[answers["symmetric"]],
                "inferential": last[answers["inferential"]],
                "seen": last["acc_test"],
                "loss": last["loss"],
                "stopped_at": last["step"],
                "train_seconds": run["train_seconds"],
            }
        )
    return rows


def _factors(facts: dict) -> dict:
    low, high = facts["dataset"]["values"]
    training = facts["training"]
    return {
        "values": high - low + 1,
        "length": facts["dataset"]["length"],
        "d_model": facts["model"]["d_model"],
        "batch": training["batch"],
        "steps": int(float(training["duration"].split()[0])),
        "lr": training["lr"],
        "weight_decay": training["weight_decay"],
    }
