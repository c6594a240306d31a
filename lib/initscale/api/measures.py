"""Measures of weights and embeddings, as functions of tensors or of whole models. Definitions: ``initscale.probes``."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor, nn

from initscale.api.layers import weights_of
from initscale.errors import InputError
from initscale.probes.change.measure import spectrum_of
from initscale.probes.condensation import measure as condensation_probe
from initscale.probes.embedding.measure import _ordinality as ordinality_scores

Weights = Tensor | nn.Module | Mapping[str, Tensor]


class Condensation(NamedTuple):
    """How far the output neurons of a weight point in a few common directions (Figs 5a,b and 10).

    Attributes
    ----------
    pair_share : share of the pairs of neurons with |cosine| above the threshold.
    mean_abs_cosine : mean of |cosine| over all pairs.
    groups, largest_group : number of groups of parallel neurons, and neurons in the largest.
    cosine : (E, E), neurons in grouping order: those of a group stand together.
    """

    pair_share: float
    mean_abs_cosine: float
    groups: int
    largest_group: int
    cosine: np.ndarray


def stable_rank(weights: Weights) -> float | dict[str, float]:
    """|W|_F^2 / |W|_2^2: 1 for a single direction, the smaller width for all alike (Fig 13).

    Parameters
    ----------
    weights : a matrix (output, input); or a module, or matrices by name.

    Returns
    -------
    A number for a matrix (nan for 0); for a module name -> number of every ``Linear``, ``Embedding`` and attention
    weight.
    """
    return _each(weights, lambda w: float(spectrum_of(w, 1)[0]))


def condensation(weights: Weights, threshold: float = 0.7) -> Condensation | dict[str, Condensation]:
    """Condensation of the output neurons, the rows of a weight (Figs 5 and 10; ``initscale.probes.condensation``).

    Parameters
    ----------
    weights : see ``stable_rank``. Of a module only linear layers are taken, queries, keys and values by themselves.
    threshold : cosine above which two neurons count as parallel (0.7 in the paper).
    """
    return _each(weights, lambda w: _condensation(w, threshold), only="linear")


def ordinality(embedding: Tensor | nn.Embedding, values: Tensor | np.ndarray | None = None) -> dict[str, float]:
    """Do embeddings of numbers know their order? Spearman correlation of distance and difference (Figs 5c,d and 11).

    Parameters
    ----------
    embedding : one row per token, (V, D).
    values : token ids that stand for these numbers; all rows, 0 .. V-1, if left out.

    Returns
    -------
    ``cosine`` and ``euclidean``: 1 if the numbers lie on a line in their order, near 0 without any order.
    """
    e_VD = _numpy(embedding.weight if isinstance(embedding, nn.Embedding) else embedding)
    values_I = np.arange(len(e_VD)) if values is None else np.asarray(values)
    if len(values_I) < 3 or values_I.max() >= len(e_VD) or values_I.min() < 0:
        raise InputError(f"{len(values_I)} values up to {values_I.max(initial=-1)} do not fit {len(e_VD)} embeddings")
    frames = ordinality_scores(e_VD[values_I], values_I)
    return {frame["quantity"].item().removeprefix("ordinality_"): frame["value"].item() for frame in frames}


@dataclass(frozen=True)
class _Holder:
    """What the probe asks of a run."""

    weights: dict[str, Tensor]


def _condensation(w_EK: np.ndarray, threshold: float) -> Condensation:
    holder = _Holder({condensation_probe.WEIGHT: torch.from_numpy(w_EK)})
    rows = condensation_probe.probe(holder, {"thresholds": [threshold]}).to_pandas().set_index("quantity")["value"]
    cosine_EE = rows["cosine"].to_numpy().reshape(len(w_EK), len(w_EK))
    share, mean = float(rows["pair_share"]), float(rows["mean_abs_cosine"])
    return Condensation(share, mean, int(rows["groups"]), int(rows["largest_group"]), cosine_EE)


def _each(weights: Weights, measure, only: str | None = None):
    if isinstance(weights, Tensor):
        return measure(_matrix(weights, "the weight"))
    named = matrices(weights, only) if isinstance(weights, nn.Module) else weights
    return {name: measure(_matrix(w, name)) for name, w in named.items()}


def matrices(module: nn.Module, only: str | None = None) -> dict[str, Tensor]:
    """Weights of a module as (output, input), by name: linear layers, embeddings, attention (q, k, v by themselves).

    Parameters
    ----------
    only : ``linear`` or ``embedding`` leaves out the other kind.
    """
    wanted = {name: weight for name, weight in weights_of(module).items() if weight.kind}
    chosen = {name: weight for name, weight in wanted.items() if only in (None, weight.kind)}
    return dict(pair for name, weight in chosen.items() for pair in weight.matrices(name))


def _matrix(w: Tensor, name: str) -> np.ndarray:
    if w.ndim != 2:
        raise InputError(f"is of shape {tuple(w.shape)}, a matrix (output, input) is needed", where=name)
    return _numpy(w)


def _numpy(x: Tensor) -> np.ndarray:
    return x.detach().cpu().double().numpy()
