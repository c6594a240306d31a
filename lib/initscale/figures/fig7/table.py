"""Table of Fig 7: PrOntoQA, steps to converge and test accuracy of every run against the number of training items.

Rows of the source ``run`` are our runs, those of the source ``paper`` the values read off the published figure. A run
has *converged* at the first evaluation whose loss on the judgement of training items (nats per token) is below
``converged.loss`` together with those of the following ``converged.evaluations - 1``. It has *memorized* if it has
converged and yet judges fewer than ``memorized_below`` of the test items rightly. The paper does not say what stands
before the judgement that it scores; its authors' code scores other tasks behind the true tokens, and so does
``accuracy``. ``accuracy_own`` is behind the model's own chain of thought, which a model must find without help.

``steps_at_least`` is what settings are compared by. A run that has not converged needs more steps than it had, so with
these the ratio to a converged run is a bound on the side that matters: at least the true one if the larger
initialization is late, at most if the smaller is. If no setting of a size and seed has converged, it is null.
"""

from __future__ import annotations

import pandas as pd
import pyarrow as pa

from initscale.experiment.grid import AXES, evaluation_of
from initscale.figures.reading.all_runs import nullable_table
from initscale.figures.reading.captions import count_words, sequence_model_words
from initscale.figures.reading.datasets import data_files, read_splits
from initscale.figures.reading.histories import history_files, last_rows, read_histories
from initscale.files.tables import Column
from initscale.models.scale import embedding_std
from initscale.paper.points import paper_points, values_files
from initscale.tasks.prontoqa.inference import shortcut_accuracy

SCORES = {
    "acc_gold": "accuracy",
    "acc_generated": "accuracy_own",
    "loss_train_answer": "train_loss",
    "loss_test_thought": "thought_loss",
}
PAPER = {"PrOntoQA test accuracy": ("accuracy", 0.01), "PrOntoQA steps to converge": ("steps", 1e4)}
"""Quantity in paper_values.csv -> column and unit."""
COLUMNS = (
    Column("source", "string", "", "run, or paper: read off the published figure"),
    Column("gamma", "float64", "1", "initialization rate"),
    Column("weight_decay", "float64", "1", "AdamW's weight decay"),
    Column("std", "float64", "1", "run: initial standard deviation of the token embedding"),
    Column("size", "int64", "items", "training items"),
    Column("seed", "int64", "", "run: seed of initial weights and batch order"),
    Column("converged", "bool", "", "run: whether it converged, see the module's docstring"),
    Column("steps", "float64", "steps", "steps to converge; null if it did not within the training"),
    Column("steps_at_least", "float64", "steps", "run: the same, or all steps of a run that did not converge"),
    Column("accuracy", "float64", "share", "test judgements right behind the true chain of thought, at the end"),
    Column("accuracy_own", "float64", "share", "run: the same behind the model's own chain of thought"),
    Column("train_loss", "float64", "nats", "run: loss of the judgement on training items, per token, at the end"),
    Column("thought_loss", "float64", "nats", "run: loss of chain of thought and judgement on test items, at the end"),
    Column("memorized", "bool", "", "run: converged, but few test judgements right"),
    Column("step", "int64", "steps", "run: step of the last row"),
    Column("shortcut", "float64", "share", "run: test judgements that the positional shortcut gets right"),
)


def inputs(config: dict) -> dict[str, list[str]]:
    """Files that the table is made of."""
    study = config["figures"]["fig7"]["study"]
    data = data_files(config, config["studies"][study]["dataset"])
    return {"histories": history_files(config, study), "data": data, "paper": values_files()}


def table(config: dict) -> pa.Table:
    """Make the table; see the module's docstring and ``COLUMNS``."""
    options = config["figures"]["fig7"]
    section = config["studies"][options["study"]]
    runs = run_rows(config, options)
    test = read_splits(config, section["dataset"])["test"]
    runs["shortcut"] = shortcut_accuracy(zip(test["question"], test["query"], test["answer"], strict=True))
    return nullable_table(COLUMNS, [runs, paper_rows()], _caption(config, runs))


def run_rows(config: dict, options: dict) -> pd.DataFrame:
    """One row per run."""
    model = config["models"][config["studies"][options["study"]]["model"]]
    histories = read_histories(config, options["study"], ["step", *SCORES]).rename(columns=SCORES)
    axes = [axis for axis in AXES if axis in histories]
    found = last_rows(histories).set_index(axes)
    found["steps"] = histories.groupby(axes)[["step", "train_loss"]].apply(first_converged, **options["converged"])
    found["converged"] = found["steps"].notna()
    found["steps_at_least"] = steps_at_least(found)
    found["memorized"] = found["converged"] & (found["accuracy"] < options["memorized_below"])
    found = found.reset_index()
    return found.assign(source="run", std=[embedding_std(model, gamma) for gamma in found["gamma"]])


def first_converged(run: pd.DataFrame, loss: float, evaluations: int) -> float:
    """Step of the first of so many evaluations in a row with a smaller ``train_loss``; nan without."""
    run = run.sort_values("step")
    below = (run["train_loss"] < loss).astype(int)
    last_of_window = below.rolling(evaluations).sum() == evaluations
    return run["step"].shift(evaluations - 1)[last_of_window].min()


def steps_at_least(runs: pd.DataFrame) -> pd.Series:
    """Steps to converge, or those of the training; nan where no run of the same size and seed has converged."""
    others = runs.groupby(["size", "seed"])["converged"].transform("any")
    return runs["steps"].fillna(runs["step"]).where(others)


def paper_rows() -> pd.DataFrame:
    """The paper's values, one row per setting and size."""
    found = pd.concat([paper_points("7a"), paper_points("7b")])
    found["column"] = found["quantity"].map({quantity: column for quantity, (column, _) in PAPER.items()})
    found["value"] *= found["quantity"].map({quantity: unit for quantity, (_, unit) in PAPER.items()})
    wide = found.pivot(index=["gamma", "weight_decay", "size"], columns="column", values="value").reset_index()
    return wide.assign(source="paper")


def _caption(config: dict, runs: pd.DataFrame) -> str:
    options = config["figures"]["fig7"]
    section = config["studies"][options["study"]]
    spec, rule = config["datasets"][section["dataset"]], options["converged"]
    n = count_words(runs.groupby(["gamma", "size"])["seed"].nunique())
    settings = runs.groupby(["gamma", "weight_decay", "std"], as_index=False).size()
    inits = " and ".join(
        f"gamma {r.gamma:g} (std {r.std:.2g}) with decay {r.weight_decay:g}" for r in settings.itertuples()
    )
    return (
        f"Scale `{config['scale']}`: PrOntoQA, {_hops_words(spec)}, rules in {spec['order']} order, "
        f"{spec['test_sequences']} unseen contexts of which {_scored(config, section)} are scored; "
        f"{sequence_model_words(config, options['study'])}; {inits}; {n} run(s) per point. Trained by next-token "
        f"prediction on everything. Converged: loss of the judgement on training items below "
        f"{rule['loss']:g} nats per token in {rule['evaluations']} evaluations in a row. Shaded: more than half of the "
        f"runs of the smaller gamma have memorized, that is converged with fewer than {options['memorized_below']:.0%} "
        f"right on the test. The paper: GPT-2, 10k to 250k items, its variant of the data is not known."
    )


def _hops_words(spec: dict) -> str:
    low, high = min(spec["hops"]), max(spec["hops"])
    return f"{low} hop(s)" if low == high else f"{low} to {high} hops"


def _scored(config: dict, section: dict) -> int:
    most = evaluation_of(config, section)["sequences"]
    return min(most, config["datasets"][section["dataset"]]["test_sequences"])
