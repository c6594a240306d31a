"""One-layer transformers on binary Markov chains, over the initialization (arXiv 2406.03072).

Question: does the initialization decide whether a whole transformer, trained as in practice, ends at the unigram loss,
and does LayerNorm change that? One row per run. The model and the recipe are those of the source's released code, with
a context of 32 instead of 1,024 and std = d_model^-gamma for every weight instead of 0.02.
"""

from __future__ import annotations

from itertools import product

import pyarrow as pa

from initscale.files.option_schema import SEEDS, integer, number, section, several, tuple_of
from initscale.files.tables import Column, make_table
from initscale.systems.basins import CHAINS

NORMS = ("none", "layer")
COLUMNS = (
    Column("p", "float64", "1", "P(0 -> 1) of the chain"),
    Column("q", "float64", "1", "P(1 -> 0)"),
    Column("norm", "string", "", "none, or layer: LayerNorm before attention, feed-forward layer and output"),
    Column("gamma", "float64", "1", "initialization rate: every weight has std d_model^-gamma"),
    Column("std", "float64", "1", "the same as a standard deviation"),
    Column("seed", "int64", "", "seed of initial weights and data"),
    Column("steps", "int64", "steps", "length of the training"),
    Column("loss", "float64", "nats", "cross-entropy of the next bit at the end, on new sequences"),
    Column("unigram_entropy", "float64", "nats", "least loss of a model that ignores the bit before"),
    Column("bigram_entropy", "float64", "nats", "least loss of all"),
    Column("gap", "float64", "share", "(loss - bigram_entropy) / (unigram_entropy - bigram_entropy)"),
    Column("left_at", "int64", "steps", "first evaluation with a gap below one half; null if there was none"),
)


_GRID = {
    "chains": CHAINS,
    "norms": several("without and with LayerNorm", {"enum": list(NORMS)}),
    "gammas": several("initialization rates", number("gamma", minimum=-2, maximum=10)),
    "steps": integer("steps of the training"),
}
_EVALUATION = {
    "every": integer("steps between two evaluations"),
    "sequences": integer("new sequences that score a run"),
}
_OPTIONS = {
    "grids": several("grids of runs", section("a grid", _GRID)),
    "seeds": SEEDS,
    "d_model": integer("width; the one head is as wide"),
    "d_ff": integer("width of the feed-forward layer (ReLU)"),
    "context": integer("bits of a sequence; all but the last are predicted from", minimum=2),
    "batch": integer("sequences of a step, always new ones"),
    "warmup": number("share of the steps in which the rate rises", minimum=0, exclusiveMaximum=1),
    "lr": number("peak rate of AdamW; half a cosine up, half a cosine down"),
    "betas": tuple_of("AdamW's decay rates of the moments", 2, number("decay rate", minimum=0, exclusiveMaximum=1)),
    "weight_decay": number("AdamW's weight decay", minimum=0),
    "evaluation": section("scoring of the runs", _EVALUATION),
}
SCHEMA = section("one-layer transformers on binary Markov chains", _OPTIONS)


def simulate(options: dict) -> pa.Table:
    """Train every run, those of one chain and norm at once; see ``COLUMNS``."""
    import pandas as pd

    from initscale.systems.basins.chain import Chain

    frames = []
    for grid in options["grids"]:
        runs = pd.DataFrame(product(grid["gammas"], options["seeds"]), columns=["gamma", "seed"])
        for (p, q), norm in product(grid["chains"], grid["norms"]):
            frames.append(_rows(Chain(p, q), norm, runs.assign(steps=grid["steps"]), options))
    rows = pd.concat(frames, ignore_index=True)
    return make_table(COLUMNS, {c.name: rows[c.name] for c in COLUMNS})


def _rows(chain, norm: str, runs, options: dict):
    import pandas as pd

    from initscale.systems.basins_transformer.train import train

    losses, left_at = train(chain, runs, options, with_norm=norm == "layer")
    low, high = chain.bigram_entropy, chain.unigram_entropy
    facts = {"p": chain.p, "q": chain.q, "norm": norm, "std": options["d_model"] ** -runs["gamma"], "loss": losses}
    facts |= {"unigram_entropy": high, "bigram_entropy": low, "gap": (losses - low) / (high - low)}
    return runs.assign(**facts, left_at=pd.array(left_at, dtype="Int64"))
