"""Rank and size of what training adds to the weights (beyond the paper; arXiv 2306.07042 and 2305.13141).

W_0 are the first weights and W_T the last ones. AdamW multiplies every weight by 1 - lr_t * decay at each step t, so a
weight without gradient ends at c W_0 with c = prod_t (1 - lr_t * decay). What the gradients add is therefore

    D(W) = W_T - c W_0,    D_QK = W_Q^T W_K (T) - c^2 W_Q^T W_K (0),    D_OV = W_O W_V (T) - c^2 W_O W_V (0),

products head by head. W_T - W_0, the difference of arXiv 2306.07042, contains -(1 - c) W_0, which has full rank.

=======================  ==================  ========================================================================
quantity                 part                value
=======================  ==================  ========================================================================
change_stable_rank       weight or product   |D|_F^2 / |D|_2^2
change_top_share         the same            sum of the first k squared singular values of D over all, k = ``top``
change_relative          the same            |D|_F / |c W_0|_F
difference_stable_rank   the same            stable rank of W_T - W_0, the source's difference
decay_factor                                 c
parameters_relative                          |theta_T - theta_0| / |theta_0| over all trained parameters
parameters_cosine                            cosine of theta_T and theta_0
=======================  ==================  ========================================================================

Parts: every linear layer by its name, ``layers.L.qk`` and ``layers.L.ov`` (mean over heads), ``tokens`` (rows of the
items), and the means ``linear`` (all linear layers) and ``ffn`` (both feed-forward weights of all layers). Where D is
zero the rank is nan.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pandas as pd
import pyarrow as pa
from torch import Tensor

from initscale.models.spec import ModelSpec, parameters, trained_parameters
from initscale.probes.rows import COLUMNS, as_table, score
from initscale.probes.run import FinishedRun
from initscale.tasks import load_task
from initscale.training.recipe import Recipe

__all__ = ["COLUMNS", "change_scores", "changes", "decay_factor", "probe", "spectrum_of"]

Weights = Mapping[str, Tensor]
_SCORES = ("change_stable_rank", "change_top_share", "change_relative", "difference_stable_rank")


def probe(run: FinishedRun, options: dict) -> pa.Table:
    """Table of the module's docstring.

    Parameters
    ----------
    options : ``top``, the k of the shares.
    """
    return as_table(change_scores(run, run.history()["step"][-1].as_py(), options["top"]))


def change_scores(run: FinishedRun, steps: int, top: int) -> list[pd.DataFrame]:
    """All scores of the module, for the weights after ``steps`` steps."""
    first, c = run.initial_weights(), decay_factor(run.facts, steps)
    found = changes(run.spec, first, run.weights, c, top, item_rows(run.facts))
    return [*found, score("decay_factor", c), *_moved(run.spec, first, run.weights)]


def decay_factor(facts: dict, steps: int) -> float:
    """c: what ``steps`` steps of AdamW's decoupled decay leave of a weight without gradient."""
    rows = facts.get("size") or load_task(facts["dataset"]["task"]).training_rows(facts["dataset"])
    recipe = facts["training"]
    rates_T = Recipe.from_facts(facts, rows).learning_rates(recipe["lr"])[:steps]
    return float(np.prod(1.0 - rates_T * recipe["weight_decay"]))


def item_rows(facts: dict) -> slice:
    """Rows of the token embedding that belong to items: the range of values, or all if the task has none."""
    low, high = facts["dataset"].get("values", (0, facts["model"]["vocabulary"] - 1))
    return slice(low, high + 1)


def changes(
    spec: ModelSpec, first: Weights, last: Weights, c: float, top: int, items: slice = slice(None)
) -> list[pd.DataFrame]:
    """Scores of D for every linear layer, product and the item embedding, with the means ``linear`` and ``ffn``.

    Parameters
    ----------
    first, last : W_0 and W_T by name.
    c : see the module.
    top : the k of the shares.
    items : rows of the token embedding that count.
    """
    linear = [p.name for p in parameters(spec) if p.kind == "linear"]
    by_part = {name.removesuffix(".weight"): _scores(*_pair(first, last, name), c, top) for name in linear}
    means = {"linear": list(by_part), "ffn": [part for part in by_part if ".ffn." in part]}
    for layer in range(spec.depth):
        for kind in ("qk", "ov"):
            heads = zip(_products(spec, first, layer, kind), _products(spec, last, layer, kind), strict=True)
            by_part[f"layers.{layer}.{kind}"] = np.mean([_scores(*pair, c**2, top) for pair in heads], axis=0)
    by_part["tokens"] = _scores(*(w[items] for w in _pair(first, last, "tokens.weight")), c, top)
    by_part |= {mean: np.mean([by_part[part] for part in parts], axis=0) for mean, parts in means.items()}
    return [
        score(name, value, part)
        for part, values in by_part.items()
        for name, value in zip(_SCORES, values, strict=True)
    ]


def spectrum_of(w: np.ndarray, top: int) -> tuple[float, float]:
    """Stable rank |W|_F^2 / |W|_2^2 and share of the first ``top`` squared singular values; nan for W = 0."""
    squares_R = np.linalg.svd(w, compute_uv=False) ** 2
    if not squares_R[0] > 0:
        return np.nan, np.nan
    return squares_R.sum() / squares_R[0], squares_R[:top].sum() / squares_R.sum()


def _scores(w_0: np.ndarray, w_T: np.ndarray, c: float, top: int) -> tuple[float, ...]:
    """Values of ``_SCORES``; ``c`` is the factor of this weight or product."""
    change, kept = w_T - c * w_0, np.linalg.norm(c * w_0)
    relative = np.linalg.norm(change) / kept if kept > 0 else np.nan
    return *spectrum_of(change, top), relative, spectrum_of(w_T - w_0, top)[0]


def _pair(first: Weights, last: Weights, name: str) -> tuple[np.ndarray, np.ndarray]:
    return first[name].double().numpy(), last[name].double().numpy()


def _products(spec: ModelSpec, weights: Weights, layer: int, kind: str) -> list[np.ndarray]:
    """W_Q^T W_K (``qk``) or W_O W_V (``ov``) of every head, each (d_model, d_model)."""
    q, k, v, o = (weights[f"layers.{layer}.attn.{name}.weight"].double().numpy() for name in "qkvo")
    left, right = (q.T, k) if kind == "qk" else (o, v)
    heads = zip(np.split(left, spec.n_heads, axis=1), np.split(right, spec.n_heads, axis=0), strict=True)
    return [a @ b for a, b in heads]


def _moved(spec: ModelSpec, first: Weights, last: Weights) -> list[pd.DataFrame]:
    names = [p.name for p in trained_parameters(spec)]
    theta_0, theta_T = (np.concatenate([w[name].double().numpy().ravel() for name in names]) for w in (first, last))
    norm_0, norm_T = np.linalg.norm(theta_0), np.linalg.norm(theta_T)
    return [
        score("parameters_relative", np.linalg.norm(theta_T - theta_0) / norm_0),
        score("parameters_cosine", theta_0 @ theta_T / (norm_0 * norm_T)),
    ]
