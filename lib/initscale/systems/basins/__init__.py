"""Where gradient flow on a Markov chain ends, over the plane of starts (arXiv 2406.03072).

Question: when a minimum that ignores the bit before exists, does the initialization decide whether training ends in it?
One row per start. The model is that of ``reduced``; whether a start is bad is computed twice, by following the flow and
by the closed form.
"""

from __future__ import annotations

from itertools import product

import numpy as np
import pandas as pd
import pyarrow as pa

from initscale.files.option_schema import SEEDS, integer, number, section, several, tuple_of
from initscale.files.tables import Column, make_table

COLUMNS = (
    Column("p", "float64", "1", "P(0 -> 1) of the chain"),
    Column("q", "float64", "1", "P(1 -> 0)"),
    Column("source", "string", "", "box: a grid of starts; normal: random starts; saddle: the saddle itself"),
    Column("std", "float64", "1", "standard deviation of both coordinates of the start (source normal)"),
    Column("seed", "int64", "", "seed of the random starts (source normal)"),
    Column("e", "float64", "1", "start: scale of the embedding"),
    Column("w", "float64", "1", "start: scale of the feed-forward layer"),
    Column("energy", "float64", "1", "what the flow conserves, at the start"),
    Column("end_e", "float64", "1", "end of the flow"),
    Column("end_w", "float64", "1", "end of the flow"),
    Column("loss", "float64", "nats", "loss at the end"),
    Column("bad", "bool", "", "the end ignores the bit before: its loss is nearer to the unigram entropy"),
    Column("bad_closed_form", "bool", "", "the same by the closed form; null at the saddle"),
)

_PROBABILITY = number("P(0 -> 1) or P(1 -> 0)", exclusiveMinimum=0, exclusiveMaximum=1)
CHAINS = several("chains as [P(0 -> 1), P(1 -> 0)]", tuple_of("a chain", 2, _PROBABILITY))
_FLOW = {
    "steps": integer("steps at most"),
    "step_size": number("longest step, and share of inverse curvature and slope", exclusiveMinimum=0, maximum=1),
}
_OPTIONS = {
    "chains": CHAINS,
    "box": number("the plane of starts is [-box, box]^2"),
    "starts": integer("starts along a side; even, so that none lies on an axis, where nothing moves", 2, multipleOf=2),
    "stds": several("standard deviations of the random starts", number("standard deviation")),
    "normal_starts": integer("random starts for each seed and deviation"),
    "seeds": SEEDS,
    "flow": section("Euler steps of the gradient flow", _FLOW),
}
SCHEMA = section("starts of gradient flow on binary Markov chains", _OPTIONS)


def simulate(options: dict) -> pa.Table:
    """Follow the flow from every start; see ``COLUMNS``."""
    from initscale.systems.basins.chain import Chain

    starts = _starts(options)
    rows = pd.concat([_ends(Chain(p, q), starts, options["flow"]) for p, q in options["chains"]], ignore_index=True)
    kinds = {"int64": "Int64", "bool": "boolean"}
    return make_table(COLUMNS, {c.name: rows[c.name].astype(kinds.get(c.dtype, rows[c.name].dtype)) for c in COLUMNS})


def _starts(options: dict) -> pd.DataFrame:
    """Starts that all chains share: ``source``, ``std``, ``seed``, ``e``, ``w``."""
    from initscale.experiment.random_streams import stream
    from initscale.systems.basins.reduced import SADDLE

    side = options["box"] * (2 * np.arange(options["starts"]) + 1 - options["starts"]) / options["starts"]
    e, w = (grid.ravel() for grid in np.meshgrid(side, side))
    frames = [pd.DataFrame({"source": "saddle", "e": [SADDLE[0]], "w": [SADDLE[1]]})]
    frames.append(pd.DataFrame({"source": "box", "e": e, "w": w}))
    for seed, std in product(options["seeds"], options["stds"]):
        # one direction per start and seed, whatever the deviation
        e, w = std * stream(seed, "starts").standard_normal((2, options["normal_starts"]))
        frames.append(pd.DataFrame({"source": "normal", "std": std, "seed": seed, "e": e, "w": w}))
    return pd.concat(frames, ignore_index=True)


def _ends(chain, starts: pd.DataFrame, flow: dict) -> pd.DataFrame:
    from initscale.systems.basins import reduced

    e, w = starts["e"].to_numpy(), starts["w"].to_numpy()
    end_e, end_w = reduced.follow_flow(chain, e, w, **flow)
    loss = reduced.loss_at(chain, end_e, end_w)
    bad = loss > (chain.unigram_entropy + chain.bigram_entropy) / 2
    closed = pd.Series(reduced.ends_badly(chain, e, w)).astype("boolean").mask(starts["source"] == "saddle")
    found = {"energy": reduced.energy(e, w), "end_e": end_e, "end_w": end_w, "loss": loss}
    return starts.assign(p=chain.p, q=chain.q, **found, bad=bad, bad_closed_form=closed)
