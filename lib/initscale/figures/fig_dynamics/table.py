"""Table of fig_dynamics: rank, attention, sharpness, norm and accuracy along every training, and the order of events.

``quantity`` and ``part`` are those of the probe ``dynamics``; from the histories come ``loss``, ``lr`` and ``accuracy``
(part: seen, symmetric, inferential). ``event`` is the first step from which on something holds to the end:

================  ======================================================================================================
part              what holds
================  ======================================================================================================
loss              loss below half the log of the number of item values, which is what guessing an item costs
output_rank       stable rank of D(output weight) above 1.2: the output has more than one direction
ffn_rank          mean stable rank of D of the feed-forward weights above 2
attention         entropy of the last query in the last layer below 0.5
seen              accuracy on seen pairs with test keys above 0.5
inferential       share of inferential answers to the unseen pair above 0.5
symmetric         share of symmetric answers above 0.5
sharpest          lambda_max has been at its largest (over the snapshots)
================  ======================================================================================================

nan if it does not hold at the end. ``ffn_rank_at_equal_loss`` is the rank at the first snapshot behind the event
``loss``. Losses are means between two evaluations, snapshots are spaced in the logarithm of the step.
"""

from __future__ import annotations

import math

import numpy as np
import pandas as pd
import pyarrow as pa

from initscale.figures.reading.companions import RUN_COLUMNS, caption, companion_files, companion_rows, run_rows
from initscale.figures.reading.displayed import AXES
from initscale.figures.reading.histories import answer_columns, history_files
from initscale.files.storage import read_table
from initscale.files.tables import Column, make_table

COLUMNS = (
    *RUN_COLUMNS,
    Column("quantity", "string", "", "what the number is; see the module and the probes"),
    Column("part", "string", "", "what it is measured on, or the name of the event"),
    Column("step", "int64", "steps", "step of the state that is measured, -1 for an event"),
    Column("value", "float64", "as the quantity", "the number; of an event its step"),
)
_DRAWN = {
    "change_stable_rank": r"layers\.\d+\.(qk|ov)|ffn|output",
    "entropy": r"layer\d+",
    "entropy_last": r"layer\d+",
    "lambda_max": "",
    "lambda_preconditioned": "",
    "kernel_cosine": "",
    "output_relative": "",
    "parameters_relative": "",
}
"""Quantity of the probe -> regular expression of the parts that the table keeps."""
RANK, FFN_RANK, ENTROPY, SHARE = 1.2, 2.0, 0.5, 0.5


def inputs(config: dict) -> dict[str, list[str]]:
    """Files that the table is made of."""
    return companion_files(config, "fig_dynamics", "dynamics")


def table(config: dict) -> pa.Table:
    """Make the table; see the module and ``COLUMNS``."""
    rows = companion_rows(config, "fig_dynamics", "dynamics").rename(columns={"i": "step"})
    kept = [(rows["quantity"] == name) & rows["part"].str.fullmatch(parts) for name, parts in _DRAWN.items()]
    rows = pd.concat([rows[np.logical_or.reduce(kept)], _history_rows(config)], ignore_index=True)
    dataset = config["datasets"][config["studies"][config["figures"]["fig_dynamics"]["study"]]["dataset"]]
    guessing = math.log(dataset["values"][1] - dataset["values"][0] + 1)
    facts = [c.name for c in RUN_COLUMNS]
    found = [events(some, guessing).assign(**some.iloc[0][facts]) for _, some in rows.groupby(list(AXES))]
    rows = pd.concat([rows, *found], ignore_index=True)
    result = make_table(COLUMNS, {c.name: rows[c.name].to_numpy() for c in COLUMNS})
    return result.replace_schema_metadata({"caption": caption(config, "fig_dynamics", _words(config))})


def events(run: pd.DataFrame, guessing: float) -> pd.DataFrame:
    """Rows ``event`` and ``ffn_rank_at_equal_loss`` of one run.

    Parameters
    ----------
    run : its rows with ``quantity``, ``part``, ``step`` and ``value``.
    guessing : loss of guessing an item, nats.
    """
    courses = {key: some.sort_values("step") for key, some in run.groupby(["quantity", "part"])}
    depth = max(int(part.removeprefix("layer")) for name, part in courses if name == "entropy_last")
    loss = since(courses["loss", ""], below=guessing / 2)
    ffn, sharp = courses["change_stable_rank", "ffn"], courses["lambda_max", ""]
    found = {
        "loss": loss,
        "output_rank": since(courses["change_stable_rank", "output"], above=RANK),
        "ffn_rank": since(ffn, above=FFN_RANK),
        "attention": since(courses["entropy_last", f"layer{depth}"], below=ENTROPY),
        **{name: since(courses["accuracy", name], above=SHARE) for name in ("seen", "inferential", "symmetric")},
        "sharpest": sharp.loc[sharp["value"].idxmax(), "step"] if sharp["value"].notna().any() else np.nan,
    }
    rows = pd.DataFrame({"quantity": "event", "part": found.keys(), "value": found.values()})
    behind = ffn.loc[ffn["step"] >= loss, "value"]  # none if the loss is nan
    equal = {"quantity": "ffn_rank_at_equal_loss", "part": "ffn", "value": behind.iloc[0] if len(behind) else np.nan}
    return pd.concat([rows, pd.DataFrame([equal])], ignore_index=True).assign(step=-1)


def since(course: pd.DataFrame, above: float = -np.inf, below: float = np.inf) -> float:
    """First step from which on the value stays between ``above`` and ``below``; nan if it does not at the end."""
    holds_T = ((course["value"] > above) & (course["value"] < below)).to_numpy()
    if not holds_T.any() or not holds_T[-1]:
        return np.nan
    first = len(holds_T) - int(np.argmin(holds_T[::-1])) if not holds_T.all() else 0
    return float(course["step"].iloc[first])


def _history_rows(config: dict) -> pd.DataFrame:
    options = config["figures"]["fig_dynamics"]
    columns = {("loss", ""): "loss", ("lr", ""): "lr", ("accuracy", "seen"): "acc_test"}
    columns |= {("accuracy", mapping): column for mapping, column in answer_columns(options).items()}
    frames = []
    facts = run_rows(config, "fig_dynamics").to_dict("records")
    for fact, path in zip(facts, history_files(config, options["study"]), strict=True):
        history = read_table(path, ["step", *columns.values()]).to_pandas()
        for (quantity, part), column in columns.items():
            rows = pd.DataFrame({"quantity": quantity, "part": part, "step": history["step"], "value": history[column]})
            frames.append(rows.assign(**fact))
    return pd.concat(frames, ignore_index=True)


def _words(config: dict) -> str:
    sequences = config["probes"]["dynamics"]["sharpness"]["sequences"]
    return f"Sharpness: Hessian of the mean loss of {sequences} training sequences."
