"""Table of the basins: where gradient flow on Markov chains ends, and one-layer transformers over the initialization.

Kinds of rows, with what ``value`` and ``closed_form`` are there:

start      a start of the plane; only ``bad`` and ``bad_closed_form``
agreement  share of starts whose end is that of the closed form (part: box, normal); closed form 1
bad_share  share of the random starts of one deviation that end badly
loss       mean loss (part: saddle, bad ends, good ends); closed form: unigram or bigram entropy
run        gap of a transformer; no closed form
"""

from __future__ import annotations

from collections.abc import Iterator

import pandas as pd
import pyarrow as pa

from initscale.experiment.paths import Layout
from initscale.figures.reading.all_runs import nullable_table
from initscale.files.storage import read_table
from initscale.files.tables import Column
from initscale.systems.basins.chain import Chain

SYSTEMS = ("basins", "basins_transformer")
COLUMNS = (
    Column("kind", "string", "", "start, agreement, bad_share, loss or run"),
    Column("part", "string", "", "what of it, see the kinds"),
    Column("p", "float64", "1", "P(0 -> 1) of the chain"),
    Column("q", "float64", "1", "P(1 -> 0)"),
    Column("switching", "bool", "", "p + q > 1: a bit makes the other one more likely"),
    Column("std", "float64", "1", "standard deviation of the random starts (bad_share) or of the weights (run)"),
    Column("seed", "int64", "", "seed of random starts or run; 0 where nothing is random"),
    Column("e", "float64", "1", "start: scale of the embedding"),
    Column("w", "float64", "1", "start: scale of the feed-forward layer"),
    Column("bad", "bool", "", "the flow from this start ends at a minimum that ignores the bit before"),
    Column("bad_closed_form", "bool", "", "the same by the closed form"),
    Column("norm", "string", "", "none or layer (kind run)"),
    Column("gamma", "float64", "1", "initialization rate (kind run)"),
    Column("steps", "int64", "steps", "length of the training (kind run)"),
    Column("left_at", "int64", "steps", "first evaluation with a gap below one half (kind run)"),
    Column("value", "float64", "see kind", "what was simulated; of a run (loss - bigram) / (unigram - bigram entropy)"),
    Column("closed_form", "float64", "see kind", "what it must be"),
    Column("error", "float64", "see kind", "distance of the two"),
)


def inputs(config: dict) -> dict[str, str]:
    """Files that the table is made of."""
    return {system: Layout(config).system(system) for system in SYSTEMS}


def table(config: dict) -> pa.Table:
    """Make the table; see ``COLUMNS``."""
    ends, runs = (read_table(path).to_pandas() for path in inputs(config).values())
    box = ends[ends["source"] == "box"].assign(kind="start", seed=0)
    frames = [box, runs.assign(kind="run", value=runs["gap"])]
    frames += [pd.DataFrame(rows(ends)) for rows in (_agreements, _bad_shares, _losses)]
    for frame in frames:
        frame["switching"] = frame["p"] + frame["q"] > 1
        if "closed_form" in frame:
            frame["error"] = (frame["value"] - frame["closed_form"]).abs()
    return nullable_table(COLUMNS, frames, _caption(config))


def _agreements(ends: pd.DataFrame) -> Iterator[dict]:
    starts = ends[ends["source"] != "saddle"].assign(equal=lambda rows: rows["bad"] == rows["bad_closed_form"])
    for (p, q, source, seed), rows in starts.fillna({"seed": 0}).groupby(["p", "q", "source", "seed"]):
        facts = {"kind": "agreement", "part": source, "p": p, "q": q, "seed": seed}
        yield facts | {"value": rows["equal"].mean(), "closed_form": 1.0}


def _bad_shares(ends: pd.DataFrame) -> Iterator[dict]:
    for (p, q, std, seed), rows in ends[ends["source"] == "normal"].groupby(["p", "q", "std", "seed"]):
        facts = {"kind": "bad_share", "p": p, "q": q, "std": std, "seed": seed}
        yield facts | {"value": rows["bad"].mean(), "closed_form": rows["bad_closed_form"].astype(float).mean()}


def _losses(ends: pd.DataFrame) -> Iterator[dict]:
    for (p, q), rows in ends.groupby(["p", "q"]):
        chain, saddle, bad = Chain(p, q), rows["source"] == "saddle", rows["bad"]
        parts = {"saddle": rows[saddle], "bad ends": rows[~saddle & bad], "good ends": rows[~saddle & ~bad]}
        for part, some in parts.items():
            entropy = chain.bigram_entropy if part == "good ends" else chain.unigram_entropy
            facts = {"kind": "loss", "part": part, "p": p, "q": q, "seed": 0}
            yield facts | {"value": some["loss"].mean(), "closed_form": entropy}


def _caption(config: dict) -> str:
    flow, trained = (config["systems"][system] for system in SYSTEMS)
    lengths = sorted({grid["steps"] for grid in trained["grids"]})
    return (
        f"Scale `{config['scale']}`. Plane: {flow['starts']} x {flow['starts']} starts; random starts: "
        f"{flow['normal_starts']} for each of {len(flow['seeds'])} seeds. Transformers: one layer, width "
        f"{trained['d_model']}, one head, feed-forward {trained['d_ff']} (ReLU), context {trained['context']}, AdamW, "
        f"batch {trained['batch']}, {' or '.join(map(str, lengths))} steps, peak rate {trained['lr']:g}, "
        f"{len(trained['seeds'])} seed(s)."
    )
