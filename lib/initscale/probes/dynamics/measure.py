"""The scores of the probes change, attention and sharpness along a training, at the snapshots that a run kept.

Quantities and parts are those of these three probes; ``i`` is the step. D(step) = W(step) - c(step) W_0 with the c of
that step. Sharpness takes most of the time, so it is measured at every ``sharpness_every``-th snapshot and at the last
one. Behind the first steps D is nearly a matrix of signs (Adam), whose rank says nothing: a drawing starts later.
"""

from __future__ import annotations

import dataclasses

import pandas as pd
import pyarrow as pa
import torch

from initscale.errors import InputError
from initscale.probes.attention.measure import attention_scores, training_sequences
from initscale.probes.change.measure import change_scores
from initscale.probes.items import item_values
from initscale.probes.rows import COLUMNS, as_table
from initscale.probes.run import FinishedRun
from initscale.probes.sharpness.measure import sharpness_rows, sharpness_scores

__all__ = ["COLUMNS", "probe"]


def probe(run: FinishedRun, options: dict) -> pa.Table:
    """Table of the module's docstring.

    Parameters
    ----------
    options : ``change``, ``attention`` and ``sharpness``, the options of these probes, and ``sharpness_every``.
    """
    snapshots = run.snapshots()
    if len(snapshots) < 2:
        raise InputError(
            "kept no weights along the way",
            where=str(run.folder),
            hint="set `evaluation.snapshots` of the study, or take the probe out of its list `probes`",
        )
    steps, every = list(snapshots), options["sharpness_every"]
    sharp = {*steps[::every], steps[-1]}
    sequences = training_sequences(run, options["attention"]["sequences"])
    rows = sharpness_rows(run, options["sharpness"])
    values_I = torch.from_numpy(item_values(run))
    found: list[pd.DataFrame] = []
    for step, weights in snapshots.items():
        then = dataclasses.replace(run, weights=weights)
        frames = change_scores(then, step, options["change"]["top"]) if step else []
        frames += attention_scores(then.model(), sequences, values_I)
        if step in sharp:
            frames += sharpness_scores(then, rows, options["sharpness"])
        found += [frame.assign(i=step) for frame in frames]
    return as_table(found)
