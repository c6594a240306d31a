"""In how many directions a layer tells the classes apart: LiDAR (arXiv 2312.04000).

A class is a trained anchor pair with a key; its members are the same contexts of noise for every class. Features are
the states of the last token behind layer l. With the class means m_c, their mean m and the members f_cs,

    S_b = mean_c (m_c - m)(m_c - m)^T,    S_w = mean_cs (f_cs - m_c)(f_cs - m_c)^T + delta I,
    lidar = exp(- sum_i p_i log p_i),     p_i = l_i / sum l,   l_i the eigenvalues of S_w^(-1/2) S_b S_w^(-1/2).

=================  =======  =======================================================================================
quantity           part     value
=================  =======  =======================================================================================
lidar              layerL   see above: between 1 and min(d_model, classes - 1)
effective_rank     layerL   the same exponential of the entropy for the covariance of all features
classes                     number of classes
=================  =======  =======================================================================================

Both are bounded by the number of different labels as far as classes of one label share their state. Where S_w is nearly
singular, as in normed states, delta decides the value.
"""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import scipy.linalg

from initscale.errors import InputError
from initscale.probes.hooks import capture
from initscale.probes.rows import COLUMNS, as_table, score
from initscale.probes.run import FinishedRun
from initscale.probes.sequences import made_up
from initscale.tasks.anchor.definition import key_choices, trained_pairs

__all__ = ["COLUMNS", "effective_rank", "lidar", "probe"]


def probe(run: FinishedRun, options: dict) -> pa.Table:
    """Table of the module's docstring.

    Parameters
    ----------
    options : ``keys``, how many, spread evenly over the training keys at ``position``; ``contexts`` of noise per class;
        ``delta``.
    """
    spec, model = run.facts["dataset"], run.model()
    pairs, keys = trained_pairs(spec), _keys(run, options)
    tokens_PXSN = made_up(spec, pairs, keys, options["position"], options["contexts"])
    names = [f"layer{layer}.do" for layer in range(1, run.spec.depth + 1)]
    found = [score("classes", len(pairs) * len(keys))]
    for name, state_BND in capture(model, tokens_PXSN.flatten(0, 2), names).items():
        features_CSD = state_BND[:, -1].unflatten(0, (-1, options["contexts"])).double().numpy()
        part = name.split(".")[0]
        found.append(score("lidar", lidar(features_CSD, options["delta"]), part))
        found.append(score("effective_rank", _covariance_rank(features_CSD), part))
    return as_table(found)


def lidar(features_CSD: np.ndarray, delta: float) -> float:
    """LiDAR of C classes with S members each; ``delta`` in units of the features' variance."""
    means_CD = features_CSD.mean(1)
    between_CD = means_CD - means_CD.mean(0)
    within_MD = (features_CSD - means_CD[:, None]).reshape(-1, means_CD.shape[1])
    s_b, s_w = between_CD.T @ between_CD / len(between_CD), within_MD.T @ within_MD / len(within_MD)
    # the eigenvalues of S_w^(-1/2) S_b S_w^(-1/2) are the generalized ones of S_b and S_w
    return effective_rank(scipy.linalg.eigh(s_b, s_w + delta * np.eye(len(s_w)), eigvals_only=True))


def effective_rank(eigenvalues_R: np.ndarray) -> float:
    """exp of the entropy of the normalised eigenvalues; negative ones are rounding errors and count as zero."""
    l_R = np.clip(eigenvalues_R, 0.0, None)
    if not l_R.sum() > 0:
        return np.nan
    p_R = l_R[l_R > 0] / l_R.sum()
    return float(np.exp(-(p_R * np.log(p_R)).sum()))


def _covariance_rank(features_CSD: np.ndarray) -> float:
    x_MD = features_CSD.reshape(-1, features_CSD.shape[-1])
    return effective_rank(np.linalg.svd(x_MD - x_MD.mean(0), compute_uv=False) ** 2)


def _keys(run: FinishedRun, options: dict) -> list[int]:
    keys_X = key_choices(run.facts["dataset"], test=False)[options["position"]]
    if len(keys_X) < options["keys"]:
        raise InputError(
            f"there are {len(keys_X)} training keys at position {options['position']}, {options['keys']} are asked for",
            where=str(run.folder),
            hint="take fewer (config key `probes.lidar.keys`)",
        )
    return keys_X[np.linspace(0, len(keys_X) - 1, options["keys"]).round().astype(int)].tolist()
