"""Table of Fig 17b: held-out loss of language models on code and on code with prose, at every evaluation.

The loss of a corpus is the mean over its domains, which have equally many held-out windows. Rows of the source ``run``
are our runs, in nats per byte. Those of the source ``paper`` are the values read off the published figure, in nats per
token of its tokenizer, which can be compared within one corpus only.
"""

from __future__ import annotations

import math

import pandas as pd
import pyarrow as pa

from initscale.experiment.grid import AXES
from initscale.experiment.paths import Layout
from initscale.figures.reading.all_runs import nullable_table
from initscale.figures.reading.captions import count_words, sequence_model_words
from initscale.figures.reading.histories import history_files, read_histories
from initscale.files.storage import read_json
from initscale.files.tables import Column
from initscale.models.scale import embedding_std
from initscale.paper.points import paper_points, values_files

PAPER = {"loss on code": "code", "loss on code and text": "code and prose"}
COLUMNS = (
    Column("source", "string", "", "run, or paper: read off the published figure"),
    Column("corpus", "string", "", "code, or code and prose"),
    Column("gamma", "float64", "1", "initialization rate"),
    Column("weight_decay", "float64", "1", "AdamW's weight decay"),
    Column("std", "float64", "1", "run: initial standard deviation of the token embedding"),
    Column("seed", "int64", "", "run: seed of initial weights and batch order"),
    Column("step", "int64", "steps", "run: updates made so far"),
    Column("seen", "int64", "bytes", "run: bytes predicted in training so far"),
    Column("last", "bool", "", "whether this is the end of the training"),
    Column("loss", "float64", "nats", "held-out loss of the corpus, per byte (paper: per token)"),
    Column("loss_code", "float64", "nats", "run: held-out loss of the code, per byte"),
    Column("loss_prose", "float64", "nats", "run: held-out loss of the prose, per byte"),
    Column("bits", "float64", "bits", "run: the loss of the corpus in bits per byte"),
    Column("perplexity", "float64", "1", "run: exp of the loss, per byte"),
)


def inputs(config: dict) -> dict[str, list[str]]:
    """Files that the table is made of."""
    studies = config["figures"]["fig17b"]["studies"]
    info = [Layout(config).data_files(config["studies"][study]["dataset"])["info"] for study in studies]
    return {
        "histories": [path for study in studies for path in history_files(config, study)],
        "data": info,
        "paper": values_files(),
    }


def table(config: dict) -> pa.Table:
    """Make the table; see the module's docstring and ``COLUMNS``."""
    runs = pd.concat([_study_rows(config, study) for study in config["figures"]["fig17b"]["studies"]])
    return nullable_table(COLUMNS, [runs, paper_rows()], _caption(config, runs))


def _study_rows(config: dict, study: str) -> pd.DataFrame:
    """The histories of a study."""
    section = config["studies"][study]
    spec, recipe = config["datasets"][section["dataset"]], config["training"][section["training"]]
    columns = {f"loss_test_{domain}": f"loss_{domain}" for domain in spec["domains"]}
    found = read_histories(config, study, ["step", *columns]).rename(columns=columns)
    found = found.assign(weight_decay=found.get("weight_decay", recipe["weight_decay"]))
    axes = [axis for axis in AXES if axis in found]
    loss = found[list(columns.values())].mean(axis=1)
    return found.assign(
        source="run",
        corpus=" and ".join(spec["domains"]),
        std=[embedding_std(config["models"][section["model"]], gamma) for gamma in found["gamma"]],
        seen=found["step"] * recipe["batch"] * spec["context"],
        last=found["step"] == found.groupby(axes)["step"].transform("max"),
        loss=loss,
        bits=loss / math.log(2),
        perplexity=loss.map(math.exp),
    )


def paper_rows() -> pd.DataFrame:
    """The paper's end points."""
    found = paper_points("17b")
    found["corpus"] = found["quantity"].map(PAPER)
    return found.rename(columns={"value": "loss"}).assign(source="paper", last=True)


def _caption(config: dict, runs: pd.DataFrame) -> str:
    first, *_ = config["figures"]["fig17b"]["studies"]
    section = config["studies"][first]
    spec, recipe = config["datasets"][section["dataset"]], config["training"][section["training"]]
    n = count_words(runs[runs["last"]].groupby(["corpus", "gamma"])["seed"].nunique())
    stds = ", ".join(f"{row.std:.2g}" for row in runs.drop_duplicates("gamma").sort_values("gamma").itertuples())
    return (
        f"Scale `{config['scale']}`: bytes of {_source_words(config, first)}, {spec['train_bytes']:,} for training and "
        f"{spec['test_bytes']:,} held out of each domain, other files; context {spec['context']}; "
        f"{sequence_model_words(config, first)}, weight decay {recipe['weight_decay']:g}; initial std {stds} from the "
        f"smallest to the largest gamma; {n} run(s) per curve. The paper: GPT-2 medium, GitHub and Wikipedia of "
        f"SlimPajama, 40 billion tokens of another tokenizer, one run."
    )


def _source_words(config: dict, study: str) -> str:
    """Where the text is from, with its version."""
    info = read_json(Layout(config).data_files(config["studies"][study]["dataset"])["info"])
    sources = info["sources"]["train"]
    if "revision" in sources:
        return f"SlimPajama, revision {sources['revision'][:12]}"
    return (
        f"the standard library of {sources['implementation']} {sources['python']}, which is not the paper's SlimPajama"
    )
