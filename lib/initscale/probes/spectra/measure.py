"""Spectra: of the item embeddings, now and while they grew, and of every linear layer (Figs 12 and 13).

e_x is the embedding of item x of I, m their mean; l_1 >= l_2 >= ... are the eigenvalues of the covariance
(1/I) sum_x (e_x - m)(e_x - m)^T, at most min(I, d_model) of which are not zero. s_1 >= s_2 >= ... are the singular
values of a weight W.

=========================  ==============  =====================================================================
quantity                   part            value
=========================  ==============  =====================================================================
embedding_eigenvalue (r)                   l_r of the final weights
embedding_top_share        k               sum of the first k of the l_r over the sum of all, k = ``top``
embedding_stable_rank                      sum of the l_r / l_1
singular_value (r)         linear layer    s_r of the final weights
stable_rank                linear layer    |W|_F^2 / |W|_2^2 = sum of s_r^2 / s_1^2
top_share                  linear layer    sum of the first k of the s_r^2 over the sum of all, k = ``top``
peak_over_base (r)                         P_r / B_r: how much l_r grew, 1 if it never did
risen                                      number of r with P_r / B_r >= 2
rise_step (r)                              first evaluated step from b_r on with l_r >= (B_r + P_r) / 2, for r in
                                           ``ranks``; nan if P_r / B_r < 2
rise_order                                 Spearman correlation of r and rise_step(r) over r in ``ranks``; those that
                                           never rose count as last, all alike; nan if none or all are of one step
=========================  ==============  =====================================================================

P_r is the largest l_r over the steps of the history, p_r the step of it, B_r the smallest l_r up to p_r, b_r the step
of that: weight decay first shrinks what the gradient does not yet hold, so growth counts from there. ``rise_order`` is
1 when the largest eigenvalue rises first, then the next, and so on (Fig 12b). Eigenvalues are sorted anew at every
step: l_r(step) is the r-th largest there, not one direction that is followed.
"""

from __future__ import annotations

import numpy as np
import pandas as pd
import pyarrow as pa
from scipy.stats import spearmanr

from initscale.errors import InputError
from initscale.models.spec import parameters
from initscale.probes.items import item_embeddings
from initscale.probes.rows import COLUMNS, as_table, score, vector
from initscale.probes.run import FinishedRun

__all__ = ["COLUMNS", "layer_spectrum", "probe", "staged_growth"]

GROWN = 2.0
"""P / B from which an eigenvalue counts as grown."""


def probe(run: FinishedRun, options: dict) -> pa.Table:
    """Table of the module's docstring.

    Parameters
    ----------
    options : ``top``, the k of the shares; ``ranks``, the eigenvalues whose growth is dated.
    """
    e_ID, top = item_embeddings(run), options["top"]
    eigenvalues_R = np.linalg.svd(e_ID - e_ID.mean(0), compute_uv=False) ** 2 / len(e_ID)
    found = [
        vector("embedding_eigenvalue", eigenvalues_R),
        score("embedding_top_share", eigenvalues_R[:top].sum() / eigenvalues_R.sum(), part=f"{top}"),
        score("embedding_stable_rank", eigenvalues_R.sum() / eigenvalues_R[0]),
    ]
    for parameter in parameters(run.spec):
        if parameter.kind == "linear":
            found += layer_spectrum(run.weights[parameter.name].double().numpy(), parameter.name, top)
    return as_table(found + _growth_of(run, options["ranks"]))


def layer_spectrum(w: np.ndarray, name: str, top: int) -> list[pd.DataFrame]:
    """Singular values, stable rank and top share of one weight, under its name without ``.weight``."""
    part = name.removesuffix(".weight")
    s_R = np.linalg.svd(w, compute_uv=False)
    squares_R = s_R**2
    return [
        vector("singular_value", s_R, part=part),
        score("stable_rank", squares_R.sum() / squares_R[0], part),
        score("top_share", squares_R[:top].sum() / squares_R.sum(), part),
    ]


def staged_growth(steps_T: np.ndarray, eigenvalues_TR: np.ndarray, ranks: list[int]) -> list[pd.DataFrame]:
    """Which eigenvalues grow, and when the chosen ones rise.

    Parameters
    ----------
    steps_T : evaluated steps, from 0.
    eigenvalues_TR : eigenvalues at these steps, largest first.
    ranks : chosen columns, counted from 1, ascending.
    """
    # with no more items than dimensions the last eigenvalue is zero, and rounding errors must not grow
    zero = 1e-9 * eigenvalues_TR.max()
    dated = [_rise(steps_T, l_T, zero) for l_T in eigenvalues_TR.T]
    growth_R = np.array([growth for growth, _ in dated])
    rise_R = np.array([dated[rank - 1][1] for rank in ranks])
    times_R = np.nan_to_num(rise_R, nan=np.inf)
    return [
        vector("peak_over_base", growth_R),
        score("risen", (growth_R >= GROWN).sum()),
        vector("rise_step", rise_R, ranks),
        score("rise_order", spearmanr(ranks, times_R).statistic if len(set(times_R)) > 1 else np.nan),
    ]


def _rise(steps_T: np.ndarray, l_T: np.ndarray, zero: float) -> tuple[float, float]:
    """P / B of one eigenvalue, and the step of its rise; an eigenvalue that stays below ``zero`` does not grow."""
    peak = int(l_T.argmax())
    base = int(l_T[: peak + 1].argmin())
    growth = l_T[peak] / l_T[base] if l_T[peak] > zero else 1.0
    if growth < GROWN:
        return growth, np.nan
    return growth, steps_T[base + int((l_T[base:] >= (l_T[base] + l_T[peak]) / 2).argmax())]


def _growth_of(run: FinishedRun, ranks: list[int]) -> list[pd.DataFrame]:
    history = run.history()
    eigenvalues_TR = np.array(history["embedding_eigenvalues"].to_pylist(), dtype=float)
    if max(ranks) > eigenvalues_TR.shape[1]:
        raise InputError(
            f"has {eigenvalues_TR.shape[1]} embedding eigenvalues, rank {max(ranks)} is asked for",
            where=str(run.folder / "history.parquet"),
            hint="choose smaller ranks (config key `probes.spectra.ranks`)",
        )
    return staged_growth(history["step"].to_numpy(), eigenvalues_TR, ranks)
