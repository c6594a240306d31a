"""Table of Fig 17a: accuracy on the held-out block of a + b, from scratch and continued from another task's model."""

from __future__ import annotations

from collections.abc import Iterator

import pandas as pd
import pyarrow as pa

from initscale.figures.reading.all_runs import nullable_table
from initscale.figures.reading.captions import count_words, cut_words
from initscale.figures.reading.equal_loss import EQUAL_LOSS_COLUMNS, both_comparisons, read_runs
from initscale.figures.reading.histories import history_files
from initscale.files.tables import Column
from initscale.paper.points import values_files
from initscale.paper.values import read_values

SCRATCH, FINETUNED = "scratch", "finetuned"
COLUMNS = (
    Column("source", "string", "", "run, or paper: a value of the published figure"),
    Column("training", "string", "", "scratch, or finetuned: continued from a model trained on another task"),
    Column("study", "string", "", "key of `studies` in the configuration"),
    Column("model", "string", "", "single: two layers, one head, post-norm; gpt2: several heads, pre-norm, GELU"),
    Column("setting", "string", "", "from scratch: large or small initialization"),
    Column("gamma", "float64", "1", "initialization rate (of the model that it continues from, if finetuned)"),
    Column("weight_decay", "float64", "1", "AdamW's weight decay"),
    Column("seed", "int64", "", "seed of initial weights and batch order"),
    Column("accuracy", "float64", "share", "exact match on the held-out block at the last evaluation"),
    Column("accuracy_equal_loss", "float64", "share", "the same at equal training loss"),
    Column("test_accuracy", "float64", "share", "exact match on unseen pairs outside the block, last evaluation"),
    *EQUAL_LOSS_COLUMNS,
)
_PAPER = {
    "addition_single_large": (SCRATCH, "single", "large", None),
    "addition_single_small": (SCRATCH, "single", "small", None),
    "addition_gpt2_large": (SCRATCH, "gpt2", "large", 0.01),
    "addition_gpt2_small": (SCRATCH, "gpt2", "small", 0.5),
    "addition_tuned_0": (FINETUNED, "gpt2", None, 0.0),
    "addition_tuned_001": (FINETUNED, "gpt2", None, 0.01),
    "addition_tuned_05": (FINETUNED, "gpt2", None, 0.5),
}


def inputs(config: dict) -> dict[str, list[str]]:
    """Files that the table is made of."""
    studies = config["figures"]["fig17a"]["studies"]
    return {
        "histories": [path for study in studies for path in history_files(config, study)],
        "paper": values_files(),
    }


def table(config: dict) -> pa.Table:
    """Make the table; see ``COLUMNS``."""
    studies = config["figures"]["fig17a"]["studies"]
    runs = pd.DataFrame([row for study in studies for row in _study_rows(config, study)]).assign(source="run")
    values, names = read_values(), ("training", "model", "setting", "weight_decay")
    paper = [dict(zip(names, _PAPER[name], strict=True)) | {"accuracy": values[name].value / 100} for name in _PAPER]
    return nullable_table(COLUMNS, [runs, pd.DataFrame(paper).assign(source="paper")], _caption(config, runs))


def _study_rows(config: dict, study: str) -> Iterator[dict]:
    section = config["studies"][study]
    scratch = "init_from" not in section
    model = {"study": study, "training": SCRATCH if scratch else FINETUNED}
    model["model"] = "single" if config["models"][section["model"]]["n_heads"] == 1 else "gpt2"
    runs = read_runs(config, study)
    largest = max(point["gamma"] for point, _ in runs)
    for point, last, equal, numbers in both_comparisons(runs):
        facts = {axis: point[axis] for axis in ("gamma", "weight_decay", "seed")} | model | numbers
        found = {"accuracy": last["acc_block"], "accuracy_equal_loss": equal["acc_block"]}
        found |= {"test_accuracy": last["acc_test"]}
        yield facts | found | {"setting": ("small" if point["gamma"] == largest else "large") if scratch else None}


def _origin_words(config: dict, study: str) -> str:
    section = config["studies"][study]
    task = config["datasets"][section["dataset"]]["task"]
    gammas = " / ".join(f"{gamma:g}" for gamma in section["grid"]["gamma"])
    return f"our own model of the task {task} at gamma {gammas} ({cut_words(config, study)})"


def _caption(config: dict, runs: pd.DataFrame) -> str:
    studies = config["figures"]["fig17a"]["studies"]
    spec = config["datasets"][config["studies"][studies[0]]["dataset"]]
    n = count_words(runs.groupby(["study", "gamma", "weight_decay"])["seed"].nunique())
    (low, high), (first, last) = spec["values"], spec["block"]
    whole = (low, high, first, last) == (0, 999, 400, 600)
    task = f"a, b in {low}..{high}, block {first}..{last}{'' if whole else ' (the paper: 0..999, 400..600)'}"
    words = "; ".join(cut_words(config, study) for study in studies)
    starts = [config["studies"][study].get("init_from") for study in studies]
    origin = "".join(
        f" Fine-tuned: continued from {_origin_words(config, start['study'])}." for start in starts if start
    )
    return (
        f"Scale `{config['scale']}`, {n} seed(s) per setting. {task}; one token per {spec['tokens']}, "
        f"{spec['train_pairs']} training pairs. {words}.{origin} The paper fine-tunes the published GPT-2."
    )
