"""Words that captions share: scale, task, model and recipe, always read from the configuration."""

from __future__ import annotations

import pandas as pd

PAPER_TASK = {"length": 9, "values": [20, 99], "anchor_shifts": [5, 1, -2, -8]}


def task_words(config: dict, dataset: str) -> str:
    """The anchor task in a few words; says so when it is smaller than the paper's."""
    spec = config["datasets"][dataset]
    low, high = spec["values"]
    full = all(spec[key] == value for key, value in PAPER_TASK.items())
    unseen = " and ".join(f"({a},{b})" for a, b in spec["unseen"]) or "none"
    pairs = f"{len(spec['anchor_shifts']) ** 2} anchor pairs, unseen: {unseen}"
    size = f"{high - low + 1} values, {spec['length']} tokens, {pairs}"
    kind = "full task" if full else "task smaller than the paper's"
    return f"{kind} ({size})"


def model_words(config: dict, study: str) -> str:
    """Widths and recipe of a study."""
    section = config["studies"][study]
    model, recipe = config["models"][section["model"]], config["training"][section["training"]]
    words = (
        f"d_model {model['d_model']}, d_head {model['d_head']}, d_ff {model['d_ff']}, {model['n_heads']} head(s), "
        f"{model['norm']}-norm{deviation_words(model)}; AdamW, batch {recipe['batch']}, {duration_words(recipe)}, "
        f"warm-up {recipe['warmup']}"
    )
    rates = {"lr": "peak rate", "weight_decay": "weight decay"}
    words += "".join(f", {name} {recipe[axis]:g}" for axis, name in rates.items() if axis not in section["grid"])
    return words if recipe["precision"] == "fp32" else f"{words}, {recipe['precision']} products"


def duration_words(recipe: dict) -> str:
    """Length of a training, which a run may leave early by the rule of its recipe."""
    return f"at most {recipe['duration']} (early stopping)" if recipe["early_stopping"] else recipe["duration"]


def sequence_model_words(config: dict, study: str) -> str:
    """Depth, widths and recipe of a study of sequences, whose settings of gamma and weight decay stand elsewhere."""
    section = config["studies"][study]
    model, recipe = config["models"][section["model"]], config["training"][section["training"]]
    depths = " or ".join(str(depth) for depth in section["grid"]["depth"])
    return (
        f"{depths} layers, d_model {model['d_model']}, {model['n_heads']} head(s), {model['norm']}-norm"
        f"{deviation_words(model)}; AdamW, batch {recipe['batch']}, {duration_words(recipe)}, "
        f"warm-up {recipe['warmup']}, peak rate {recipe['lr']:g}"
    )


def cut_words(config: dict, study: str) -> str:
    """Data, model and recipe of a study of sequences, with what is smaller than the paper's, from the configuration."""
    section = config["studies"][study]
    recipe, grid = config["training"][section["training"]], section["grid"]
    model = config["models"][section["model"]]
    shape = f"d_model {model['d_model']}, {model['n_heads']} head(s), {model['norm']}-norm"
    depth = count_words(pd.Series(grid["depth"]))
    scored = {**config["evaluation"], **section.get("evaluation", {})}["sequences"]
    sizes = f", {', '.join(map(str, grid['size']))} samples" if "size" in grid else ""
    return (
        f"`{study}`: {depth} layer(s), {shape}{sizes}; batch {recipe['batch']}, {duration_words(recipe)}, "
        f"peak rate {recipe['lr']:g}; {scored} sequences scored at most"
    )


def deviation_words(model: dict) -> str:
    """What of a model is not the paper's single-head one, if anything: non-linearity and initialization."""
    init = model["init"]
    found = {
        "GELU": model["activation"] == "gelu",
        f"initial std from the {init['axis']} width": init["axis"] != "input",
        f"embedding std: {init['embedding']}": init["embedding"] != "width",
        "norms not trained": model.get("frozen_norm", False),
    }
    return "".join(f", {words}" for words, is_so in found.items() if is_so)


def count_words(counts: pd.Series) -> str:
    """A count that may differ between groups: ``3`` or ``1 to 3``."""
    low, high = counts.min(), counts.max()
    return f"{low}" if low == high else f"{low} to {high}"
