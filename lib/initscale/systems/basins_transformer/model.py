"""The transformer of arXiv 2406.03072, for many runs at once.

A bit x at position n is embedded as ``x * token + position_n``. One head and one feed-forward layer follow, both with a
residual connection and without bias, then the logit of a one: the product with the same ``token`` plus a bias.

Shapes: R runs, B sequences, L bits of a sequence, D width, F width of the feed-forward layer.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import torch
from torch.nn import functional as F

from initscale.experiment.random_streams import stream

Weights = dict[str, torch.Tensor]
LAYER_NORMS = ("attention_norm", "ffn_norm", "final_norm")


def initial_weights(options: dict, gammas: Sequence[float], seeds: Sequence[int], *, with_norm: bool) -> Weights:
    """Weights of R runs by name, float32, normal with std = d_model^-gamma; bias 0, LayerNorm at (1, 0).

    Runs of one seed start from the same direction at every gamma.
    """
    width, hidden, keys = options["d_model"], options["d_ff"], list(zip(gammas, seeds, strict=True))
    shapes = {"token": (width,), "position": (options["context"], width)}
    shapes |= {name: (width, width) for name in ("query", "key", "value", "output")}
    shapes |= {"up": (hidden, width), "down": (width, hidden)}
    weights = {}
    for name, shape in shapes.items():
        runs = [width**-gamma * stream(seed, name).standard_normal(shape) for gamma, seed in keys]
        weights[name] = torch.stack([torch.from_numpy(run).float() for run in runs])
    weights["bias"] = torch.zeros(len(keys))
    for name in LAYER_NORMS if with_norm else ():
        weights[f"{name}.gain"] = torch.ones(len(keys), width)
        weights[f"{name}.shift"] = torch.zeros(len(keys), width)
    return weights


def logits(weights: Weights, bits_RBL: torch.Tensor) -> torch.Tensor:
    """Logit of a one behind every bit, (R, B, L); without LayerNorm if the weights have none."""
    token_R11D = weights["token"][:, None, None]
    h_RBLD = bits_RBL[..., None] * token_R11D + weights["position"][:, None]
    h_RBLD = h_RBLD + _attention(weights, _norm(weights, "attention_norm", h_RBLD))
    hidden_RBLF = torch.relu(_linear(weights, "up", _norm(weights, "ffn_norm", h_RBLD)))
    h_RBLD = h_RBLD + _linear(weights, "down", hidden_RBLF)
    return (_norm(weights, "final_norm", h_RBLD) * token_R11D).sum(-1) + weights["bias"][:, None, None]


def _attention(weights: Weights, h_RBLD: torch.Tensor) -> torch.Tensor:
    query, key, value = (_linear(weights, name, h_RBLD) for name in ("query", "key", "value"))
    length, width = h_RBLD.shape[-2:]
    causal_LL = torch.full((length, length), -torch.inf).triu(1)
    scores_RBLL = (query / math.sqrt(width)) @ key.transpose(-1, -2)
    attention_RBLL = torch.softmax(scores_RBLL + causal_LL, -1)
    return _linear(weights, "output", attention_RBLL @ value)


def _linear(weights: Weights, name: str, x: torch.Tensor) -> torch.Tensor:
    return torch.bmm(x.flatten(1, 2), weights[name].transpose(1, 2)).unflatten(1, x.shape[1:3])


def _norm(weights: Weights, name: str, x_RBLD: torch.Tensor) -> torch.Tensor:
    if f"{name}.gain" not in weights:
        return x_RBLD
    gain, shift = (weights[f"{name}.{part}"][:, None, None] for part in ("gain", "shift"))
    return F.layer_norm(x_RBLD, x_RBLD.shape[-1:]) * gain + shift
