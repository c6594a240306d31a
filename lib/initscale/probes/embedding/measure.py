"""Do the embeddings of the items know that the items are numbers? (Figs 5c,d and 11)

e_x is the token embedding of the item x, without position; cos_xy is the cosine of e_x and e_y. The ``part`` of the
``step`` scores names the steps, as in "3 or 4"; other quantities have none.

==========================  ==================================================================================
quantity                    value
==========================  ==================================================================================
tsne (x, component 1, 2)    t-SNE of the e_x (Euclidean, exact gradients, PCA start, seeded), as in the paper's text
pca (x, component 1, 2)     projection of the centred e_x on their first two principal axes, as in the authors' code
pca_share (component)       share of the variance along that axis
ordinality_cosine           Spearman correlation of 1 - cos_xy and |x - y| over all pairs x < y
ordinality_euclidean        Spearman correlation of |e_x - e_y| and |x - y| over all pairs x < y
cosine_at_lag (k)           c_k = mean of cos_xy over the pairs with y = x + k, for k = 1 .. ``lags``
nearest_lag                 the k with the largest c_k
step_contrast               mean of c_k over k in S minus mean of c_k over the other lags, S = ``steps``
step_share                  share of items whose nearest other item (largest cosine) is at a distance in S
step_share_chance           what step_share would be if the nearest item were drawn at random
==========================  ==================================================================================

Ordinality is 1 when numbers lie on a line in their order, near 0 without any order. The paper reads off Fig 5c that
neighbours in the ordinal structure differ by 3 and 4 (S = {3, 4}), which is what the ``step`` scores measure.
"""

from __future__ import annotations

import numpy as np
import pyarrow as pa
from scipy.stats import spearmanr
from sklearn.decomposition import PCA
from sklearn.manifold import TSNE
from sklearn.metrics.pairwise import cosine_similarity, euclidean_distances

from initscale.errors import InputError
from initscale.probes.items import item_embeddings, item_values
from initscale.probes.rows import COLUMNS, as_table, matrix, score, vector
from initscale.probes.run import FinishedRun

__all__ = ["COLUMNS", "measure", "probe"]


def probe(run: FinishedRun, options: dict) -> pa.Table:
    """Table of the module's docstring; see :func:`measure` for the options."""
    values_I = item_values(run)
    if not max(options["perplexity"], options["lags"]) < len(values_I):
        raise InputError(
            f"{len(values_I)} items are too few for perplexity {options['perplexity']} and {options['lags']} lags",
            where=str(run.folder),
            hint="both must be smaller than the number of items (config keys `probes.embedding`)",
        )
    return measure(item_embeddings(run), values_I, options)


def measure(e_ID: np.ndarray, values_I: np.ndarray, options: dict) -> pa.Table:
    """Projections and scores of embeddings.

    Parameters
    ----------
    e_ID, values_I : embeddings of the items and the numbers that they stand for, which are consecutive.
    options : ``perplexity`` and ``seed`` of t-SNE, number of ``lags``, list ``steps`` = S.
    """
    pca = PCA(n_components=2, svd_solver="full").fit(e_ID)
    # exact gradients: at these sizes cheap, and the same for any number of threads
    tsne = TSNE(perplexity=options["perplexity"], random_state=options["seed"], init="pca", method="exact")
    return as_table(
        [
            matrix("tsne", tsne.fit_transform(e_ID), values_I),
            matrix("pca", pca.transform(e_ID), values_I),
            vector("pca_share", pca.explained_variance_ratio_),
            *_ordinality(e_ID, values_I),
            *_steps(cosine_similarity(e_ID), values_I, options),
        ]
    )


def _ordinality(e_ID: np.ndarray, values_I: np.ndarray) -> list:
    pairs = np.triu_indices(len(values_I), k=1)
    apart_II = np.abs(values_I[:, None] - values_I)
    distances = {"cosine": 1.0 - cosine_similarity(e_ID), "euclidean": euclidean_distances(e_ID)}
    return [
        score(f"ordinality_{name}", spearmanr(distance_II[pairs], apart_II[pairs]).statistic)
        for name, distance_II in distances.items()
    ]


def _steps(cosine_II: np.ndarray, values_I: np.ndarray, options: dict) -> list:
    lags_K, steps = np.arange(1, options["lags"] + 1), options["steps"]
    at_lag_K = np.array([cosine_II.diagonal(k).mean() for k in lags_K])
    chosen_K = np.isin(lags_K, steps)
    others_II = np.where(np.eye(len(values_I), dtype=bool), -np.inf, cosine_II)
    nearest_I = values_I[others_II.argmax(1)]
    in_steps_II = np.isin(np.abs(values_I[:, None] - values_I), steps)
    part = " or ".join(str(step) for step in steps)
    return [
        vector("cosine_at_lag", at_lag_K, lags_K),
        score("nearest_lag", lags_K[at_lag_K.argmax()]),
        score("step_contrast", at_lag_K[chosen_K].mean() - at_lag_K[~chosen_K].mean(), part),
        score("step_share", np.isin(np.abs(nearest_I - values_I), steps).mean(), part),
        score("step_share_chance", in_steps_II.sum() / (len(values_I) * (len(values_I) - 1)), part),
    ]
