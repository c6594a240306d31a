"""Table of Fig 2c: accuracy on the unseen pair under both mappings, for every gamma and run of GPT-2-style models."""

from __future__ import annotations

import pandas as pd
import pyarrow as pa

from initscale.figures.reading.captions import count_words, model_words, task_words
from initscale.figures.reading.histories import answer_columns, history_files, last_rows, read_histories
from initscale.files.tables import Column, make_table
from initscale.models.scale import embedding_std

PAPER_RUNS = 4
COLUMNS = (
    Column("study", "string", "", "key of `studies` in the configuration"),
    Column("norm", "string", "", "post or pre: where the LayerNorms are"),
    Column("heads", "int64", "1", "attention heads"),
    Column("depth", "int64", "layers", "number of layers"),
    Column("gamma", "float64", "1", "initialization rate"),
    Column("embedding_std", "float64", "1", "initial standard deviation of the token embedding"),
    Column("seed", "int64", "", "seed of initial weights and batch order"),
    Column("mapping", "string", "", "symmetric or inferential: the labels that the unseen pair is scored with"),
    Column("accuracy", "float64", "share", "accuracy on the unseen pair, last row"),
    Column("seen_accuracy", "float64", "share", "accuracy on seen pairs with test keys, last row"),
    Column("step", "int64", "steps", "step of the last row"),
)


def inputs(config: dict) -> dict[str, list[str]]:
    """Files that the table is made of."""
    studies = config["figures"]["fig2c"]["studies"]
    return {"histories": [path for study in studies for path in history_files(config, study)]}


def table(config: dict) -> pa.Table:
    """Make the table; see ``COLUMNS``."""
    found = pd.concat([_study_rows(config, study) for study in config["figures"]["fig2c"]["studies"]])
    result = make_table(COLUMNS, {c.name: found[c.name].to_numpy() for c in COLUMNS})
    return result.replace_schema_metadata({"caption": _caption(config, found)})


def _study_rows(config: dict, study: str) -> pd.DataFrame:
    """Two rows per run, one for each mapping."""
    options = config["figures"]["fig2c"]
    model = config["models"][config["studies"][study]["model"]]
    scored = {column: mapping for mapping, column in answer_columns(options).items()}
    rows = last_rows(read_histories(config, study, ["step", "acc_test", *scored]))
    rows = rows.rename(columns={"acc_test": "seen_accuracy", **scored})
    kept = ["gamma", "depth", "seed", "step", "seen_accuracy"]
    long = rows.melt(id_vars=kept, value_vars=list(scored.values()), var_name="mapping", value_name="accuracy")
    facts = {"study": study, "norm": model["norm"], "heads": model["n_heads"]}
    return long.assign(**facts, embedding_std=[embedding_std(model, gamma) for gamma in long["gamma"]])


def _caption(config: dict, found: pd.DataFrame) -> str:
    options = config["figures"]["fig2c"]
    first, *_ = options["studies"]
    n = count_words(found.groupby(["study", "gamma"])["seed"].nunique())
    (a, b), split = options["unseen"], {"train": "training", "test": "test"}[options["keys"]]
    return (
        f"Scale `{config['scale']}`: {task_words(config, config['studies'][first]['dataset'])}. GPT-2-style models, "
        f"{_models_words(config)}. Last evaluation; pair ({a},{b}) scored on keys of the {split} split; {n} run(s) per "
        f"gamma (the paper: {PAPER_RUNS})."
    )


def _models_words(config: dict) -> str:
    """The first study in full; of the others what differs in the model, if nothing else does."""
    first, *others = config["figures"]["fig2c"]["studies"]
    found = [f"`{first}`: {model_words(config, first)}"]
    for study in others:
        sections = [config["studies"][name] for name in (first, study)]
        one, other = (config["models"][section["model"]] for section in sections)
        changed = ", ".join(f"{key} {value}" for key, value in other.items() if one.get(key) != value)
        same = all(sections[0][key] == sections[1][key] for key in ("dataset", "training"))
        found.append(f"`{study}`: " + (f"the same with {changed}" if same else model_words(config, study)))
    return "; ".join(found)
