"""Condensation of W_Q in layer 1: do its output neurons point in a few common directions? (Figs 5a,b and 10)

The output neurons are the rows w_1 .. w_E of the weight (all heads, E = n_heads * d_head), with
C_ab = <w_a, w_b> / (|w_a| |w_b|), and 0 where a row is zero.

========================  =====================  ===============================================================
quantity                  part                   value
========================  =====================  ===============================================================
cosine (i, j)             the first threshold    C in the grouping order: i, j = 1 .. E are places in that order
mean_abs_cosine                                  mean of |C_ab| over the pairs a < b
pair_share                each threshold t       share of the pairs a < b with |C_ab| > t
groups                    each threshold t       number of groups, those of a single neuron included
largest_group             each threshold t       neurons in the largest group
========================  =====================  ===============================================================

Grouping ("neurons whose cosine similarity is above t are put next to each other"; t = 0.7 in the paper, 0.4 in the
authors' code). The paper does not say how ties and chains are resolved, so it is fixed here, greedily: the neuron
with the most neighbours C_ab > t among those not yet placed leads the next group (the first one on a tie); the group
is the leader and these neighbours, most similar first; repeat until all are placed. So groups come in the order of
their size. A pair inside a group need not be above t, only each with the leader. The sign counts in the grouping and
not in ``pair_share``: w and -w are a condensed pair of two groups.
"""

from __future__ import annotations

import numpy as np
import pyarrow as pa
from sklearn.metrics.pairwise import cosine_similarity

from initscale.probes.rows import COLUMNS, as_table, matrix, score
from initscale.probes.run import FinishedRun

__all__ = ["COLUMNS", "group_neurons", "probe"]

WEIGHT = "layers.0.attn.q.weight"


def probe(run: FinishedRun, options: dict) -> pa.Table:
    """Table of the module's docstring.

    Parameters
    ----------
    options : ``thresholds``, cosines between 0 and 1; the first one orders the matrix.
    """
    w_EK = run.weights[WEIGHT].double().numpy()
    c_EE = cosine_similarity(w_EK).clip(-1.0, 1.0)
    pairs_P = np.abs(c_EE[np.triu_indices_from(c_EE, k=1)])
    first, *_ = options["thresholds"]
    order_E = np.concatenate(group_neurons(c_EE, first))
    found = [matrix("cosine", c_EE[np.ix_(order_E, order_E)], part=f"{first:g}")]
    found.append(score("mean_abs_cosine", pairs_P.mean()))
    for threshold in options["thresholds"]:
        groups, part = group_neurons(c_EE, threshold), f"{threshold:g}"
        found += [
            score("pair_share", (pairs_P > threshold).mean(), part),
            score("groups", len(groups), part),
            score("largest_group", max(len(group) for group in groups), part),
        ]
    return as_table(found)


def group_neurons(c_EE: np.ndarray, threshold: float) -> list[np.ndarray]:
    """Groups of neurons (their indices, leader first), as the module's docstring defines them."""
    linked_EE = c_EE > threshold
    np.fill_diagonal(linked_EE, True)  # a zero row has no neighbours, but is in a group of its own
    free_E = np.ones(len(c_EE), dtype=bool)
    groups = []
    while free_E.any():
        neighbours_E = np.where(free_E, (linked_EE & free_E).sum(1), -1)
        leader = int(neighbours_E.argmax())
        members = np.flatnonzero(linked_EE[leader] & free_E)
        others = members[members != leader]
        others = others[np.argsort(-c_EE[leader, others], kind="stable")]
        groups.append(np.concatenate([[leader], others]))
        free_E[members] = False
    return groups
