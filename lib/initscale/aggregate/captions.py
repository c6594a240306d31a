"""Words that captions share: scale, task, model and recipe, always read from the configuration."""

from __future__ import annotations

PAPER_TASK = {"length": 9, "values": [20, 99], "anchor_shifts": [5, 1, -2, -8]}


def task_words(config: dict, dataset: str) -> str:
    """The anchor task in a few words; says so when it is smaller than the paper's."""
    spec = config["datasets"][dataset]
    low, high = spec["values"]
    full = all(spec[key] == value for key, value in PAPER_TASK.items())
    size = f"{high - low + 1} values, {spec['length']} tokens, {len(spec['anchor_shifts']) ** 2} anchor pairs"
    kind = "full task" if full else "task smaller than the paper's"
    return f"{kind} ({size})"


def model_words(config: dict, study: str) -> str:
    """Widths and recipe of a study."""
    section = config["studies"][study]
    model, recipe = config["models"][section["model"]], config["training"][section["training"]]
    return (
        f"d_model {model['d_model']}, d_head {model['d_head']}, d_ff {model['d_ff']}, {model['n_heads']} head(s), "
        f"{model['norm']}-norm; AdamW, batch {recipe['batch']}, {recipe['duration']}, warm-up {recipe['warmup']}, "
        f"weight decay {recipe['weight_decay']:g}"
    )
