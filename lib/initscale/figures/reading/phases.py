"""Which phase a run is in, by its answers and never by its gamma: the one definition that tables and claims use."""

from __future__ import annotations

import pandas as pd

SHADED, SYMMETRIC, INFERENTIAL, NEITHER = "shaded", "symmetric", "inferential", "neither"


def phases(accuracies: pd.DataFrame, shade_below: float, answered: float) -> pd.Series:
    """Phase of every run.

    Parameters
    ----------
    accuracies : one row per run with the columns ``seen`` (seen pairs, test keys), ``symmetric`` and ``inferential``
        (the unseen pair under both labels).
    shade_below : accuracy on seen pairs below which a run is ``shaded`` (0.9 in the paper).
    answered : the run is ``symmetric`` or ``inferential`` if more than this share of its answers to the unseen pair
        are (at least 0.5, so that one can be at most); otherwise it is ``neither``.

    Returns
    -------
    Series named ``phase`` with the index of ``accuracies``.
    """
    phase = pd.Series(NEITHER, index=accuracies.index, name="phase", dtype=object)
    for name in (SYMMETRIC, INFERENTIAL):
        phase[accuracies[name] > answered] = name
    phase[accuracies["seen"] < shade_below] = SHADED
    return phase
