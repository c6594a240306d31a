"""Every weight of any model, before and after the training: scale, stable rank, condensation.

W is a weight as (output, input), queries, keys and values by themselves; cos_ab are the cosines of its rows a and b.

=================  ========  ==================================================================
quantity           part      value
=================  ========  ==================================================================
std                a weight  root mean square of W
stable_rank        a weight  |W|_F^2 / |W|_2^2
mean_abs_cosine    a weight  mean of |cos_ab| over the pairs a < b
initial_*          a weight  the same of the initial weights
=================  ========  ==================================================================
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
import pyarrow as pa
from sklearn.metrics.pairwise import cosine_similarity
from torch import Tensor, nn

from initscale.api.layers import weights_of
from initscale.errors import InputError
from initscale.models.choices import builder_of
from initscale.probes.change.measure import spectrum_of
from initscale.probes.rows import COLUMNS, as_table, score
from initscale.probes.run import FinishedRun
from initscale.training.choices import load_choice

__all__ = ["COLUMNS", "probe", "scores"]


def probe(run: FinishedRun, options: dict) -> pa.Table:
    """Table of the module's docstring; there are no options."""
    snapshots = run.snapshots()
    if 0 not in snapshots:
        hint = "set `evaluation.snapshots` to 1 or more"
        raise InputError("did not keep its initial weights", where=str(run.folder), hint=hint)
    return as_table([*scores(_model(run), run.weights), *scores(_model(run), snapshots[0], "initial_")])


def _model(run: FinishedRun) -> nn.Module:
    if builder_of(run.facts["model"]) is None:
        return run.model()
    return load_choice("builder", run.facts)(run.facts["model"], run.facts["seed"])


def scores(model: nn.Module, weights: dict[str, Tensor], prefix: str = "") -> list[pd.DataFrame]:
    """All scores of weights by name; the model tells what they are."""
    found = []
    for name, weight in weights_of(model).items():
        for part, w in replace(weight, tensor=weights[name]).matrices(name) if weight.kind else ():
            values = _scores(w.double().numpy())
            found += [score(f"{prefix}{quantity}", value, part) for quantity, value in values.items()]
    if not found:
        raise InputError("has no weight of a known layer", where=type(model).__name__)
    return found


def _scores(w: np.ndarray) -> dict[str, float]:
    cosines = np.abs(cosine_similarity(w)[np.triu_indices(len(w), k=1)])
    mean = cosines.mean() if len(cosines) else np.nan
    return {"std": np.sqrt((w**2).mean()), "stable_rank": spectrum_of(w, 1)[0], "mean_abs_cosine": mean}
