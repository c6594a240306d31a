"""Training of the stacked transformers: AdamW works element by element, so each run is trained as it would be alone."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
import pandas as pd
import torch
from torch.nn import functional as F

from initscale.experiment.random_streams import stream
from initscale.systems.basins.chain import Chain
from initscale.systems.basins_transformer.model import Weights, initial_weights, logits
from initscale.training.determinism import prepare

_FIRST, _LAST = 0.01, 0.2
"""Rate at the start and at the end, as shares of the peak: those of the source's released code."""


def train(chain: Chain, runs: pd.DataFrame, options: dict, *, with_norm: bool) -> tuple[np.ndarray, list[int | None]]:
    """Train the runs (columns gamma, seed and steps, the same for all) on one chain.

    Returns
    -------
    Loss of every run at the end, and the first evaluated step with a loss nearer to the bigram than to the unigram
    entropy (None if there was none).
    """
    prepare("cpu", threads=1)
    (steps,) = set(runs["steps"])
    seeds, of_run = np.unique(runs["seed"], return_inverse=True)
    training, evaluation = ([stream(int(seed), name) for seed in seeds] for name in ("training", "evaluation"))
    scored_RBL = draw_sequences(chain, evaluation, options["evaluation"]["sequences"], options["context"])[of_run]
    weights = initial_weights(options, runs["gamma"], runs["seed"], with_norm=with_norm)
    optimizer = _optimizer(weights, options)
    middle, left_at = (chain.unigram_entropy + chain.bigram_entropy) / 2, [None] * len(runs)
    for step in range(1, steps + 1):
        bits_RBL = draw_sequences(chain, training, options["batch"], options["context"])[of_run]
        loss = next_bit_loss(weights, bits_RBL).sum()
        optimizer.zero_grad()
        loss.backward()
        optimizer.param_groups[0]["lr"] = options["lr"] * rate(step - 1, steps, options["warmup"])
        optimizer.step()
        if step % options["evaluation"]["every"] == 0 or step == steps:
            losses = expected_loss(chain, weights, scored_RBL)
            left_at = [at or (step if value < middle else None) for at, value in zip(left_at, losses, strict=True)]
    return losses, left_at


def _optimizer(weights: Weights, options: dict) -> torch.optim.AdamW:
    recipe = {"lr": options["lr"], "betas": tuple(options["betas"]), "weight_decay": options["weight_decay"]}
    return torch.optim.AdamW([tensor.requires_grad_() for tensor in weights.values()], **recipe, foreach=True)


def rate(step: int, steps: int, warmup: float) -> float:
    """Learning rate as a share of its peak: half a cosine up, half a cosine down.

    ``warmup`` is the share of the steps before the peak; it is reached one step earlier, as in PyTorch's OneCycleLR.
    """
    peak = warmup * steps - 1
    if step < peak:
        return _FIRST + (1 - _FIRST) * (1 - math.cos(math.pi * step / peak)) / 2
    share = (step - peak) / (steps - 1 - peak)
    return _LAST + (1 - _LAST) * (1 + math.cos(math.pi * share)) / 2


def next_bit_loss(weights: Weights, bits_RBL: torch.Tensor) -> torch.Tensor:
    """Mean cross-entropy of each run, in nats. The first bit is not predicted: nothing stands before it."""
    predicted, target = logits(weights, bits_RBL)[..., :-1], bits_RBL[..., 1:]
    return F.binary_cross_entropy_with_logits(predicted, target, reduction="none").mean((1, 2))


@torch.no_grad()
def expected_loss(chain: Chain, weights: Weights, bits_RBL: torch.Tensor) -> np.ndarray:
    """The same with the chain's probabilities instead of the drawn next bits, which takes their noise out."""
    predicted = logits(weights, bits_RBL)[..., :-1]
    target = torch.where(bits_RBL[..., :-1] > 0, 1 - chain.q, chain.p)
    return F.binary_cross_entropy_with_logits(predicted, target, reduction="none").mean((1, 2)).double().numpy()


def draw_sequences(chain: Chain, generators: Sequence[np.random.Generator], count: int, length: int) -> torch.Tensor:
    """Stationary sequences of zeros and ones, a batch of ``count`` for each generator: (generators, count, length)."""
    draws = np.stack([generator.random((count, length)) for generator in generators])
    bits = np.empty(draws.shape, dtype=bool)
    bits[..., 0] = draws[..., 0] < chain.ones
    for at in range(1, length):
        bits[..., at] = draws[..., at] < np.where(bits[..., at - 1], 1 - chain.q, chain.p)
    return torch.from_numpy(bits).float()
