"""Embeddings of the items, the numbers that keys and noise are made of."""

from __future__ import annotations

import numpy as np

from initscale.errors import InputError
from initscale.probes.run import FinishedRun


def item_values(run: FinishedRun) -> np.ndarray:
    """Numeric values of the items, which are also their token ids, shape (I,)."""
    dataset = run.facts["dataset"]
    if "values" not in dataset:
        raise InputError(
            f"the task `{dataset.get('task')}` has no range of item values, which this probe looks at",
            where=str(run.folder),
            hint="take the probe out of the study's list `probes`",
        )
    low, high = dataset["values"]
    return np.arange(low, high + 1)


def item_embeddings(run: FinishedRun) -> np.ndarray:
    """Rows of the token embedding that belong to the items, without positions, float64, shape (I, d_model)."""
    return run.weights["tokens.weight"].double().numpy()[item_values(run)]
