"""Table of fig_condensation: a row per run with the number of directions, and a row per neuron.

Groups are those of Figs 5 and 10 (``initscale.probes.condensation``): w and -w are two directions.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pandas as pd
import pyarrow as pa
from sklearn.metrics.pairwise import cosine_similarity

from initscale.experiment.paths import Layout
from initscale.figures.reading.all_runs import nullable_table
from initscale.files.storage import read_table
from initscale.files.tables import Column
from initscale.probes.condensation.measure import group_neurons

SYSTEM = "condensation"
COLUMNS = (
    Column("kind", "string", "", "run or neuron"),
    Column("gamma", "float64", "1", "initialization rate"),
    Column("std", "float64", "1", "standard deviation of the weights at the start"),
    Column("seed", "int64", "", "seed of points and start"),
    Column("loss_left", "float64", "share", "loss at the end over that at the start"),
    Column("groups", "float64", "1", "number of directions (kind run)"),
    Column("pair_share", "float64", "share", "pairs of neurons with |cosine| above the threshold (kind run)"),
    Column("neuron", "int64", "index", "neuron (kind neuron)"),
    Column("along", "float64", "1", "cosine with the leader of the largest group (kind neuron)"),
    Column("amplitude", "float64", "1", "|a| |w| over the largest of the run (kind neuron)"),
)


def inputs(config: dict) -> dict[str, str]:
    """Files that the table is made of."""
    return {SYSTEM: Layout(config).system(SYSTEM)}


def table(config: dict) -> pa.Table:
    """Make the table; see ``COLUMNS``."""
    options, threshold = config["systems"][SYSTEM], config["figures"]["fig_condensation"]["cosine"]
    weights = read_table(inputs(config)[SYSTEM]).to_pandas()
    words = (
        f"Scale `{config['scale']}`: {options['width']} tanh neurons, {options['dimension']} inputs, "
        f"{options['samples']} points, {options['steps']} steps of Adam at rate {options['rate']:g}, "
        f"{len(options['seeds'])} seed(s). One direction: cosine above {threshold:g}."
    )
    return nullable_table(COLUMNS, list(_frames(weights, threshold)), words)


def _frames(weights: pd.DataFrame, threshold: float) -> Iterator[pd.DataFrame]:
    names = ["gamma", "std", "seed", "loss_left"]
    for facts, rows in weights.groupby(names):
        run = dict(zip(names, facts, strict=True))
        both = rows.pivot(index="neuron", columns="component", values="value")
        w_jd, a_j = both.drop(columns=-1).to_numpy(), both[-1].to_numpy()
        c_jj = cosine_similarity(w_jd).clip(-1.0, 1.0)
        groups = group_neurons(c_jj.copy(), threshold)
        pairs = np.abs(c_jj[np.triu_indices_from(c_jj, k=1)]) > threshold
        yield pd.DataFrame([run | {"kind": "run", "groups": len(groups), "pair_share": pairs.mean()}])
        amplitude_j = np.abs(a_j) * np.linalg.norm(w_jd, axis=1)
        neurons = {"neuron": both.index, "along": c_jj[groups[0][0]], "amplitude": amplitude_j / amplitude_j.max()}
        yield pd.DataFrame(neurons).assign(kind="neuron", **run)
