"""Every saving of the training engine against the plain decoder: loss and every gradient."""

from __future__ import annotations

import itertools

import pytest
import torch
from torch.nn import functional as F

from initscale.models.decoder import Decoder
from initscale.models.init import InitSpec, initial_weights
from initscale.models.spec import ModelSpec
from initscale.models.stacked import StackedDecoder

TOLERANCE = {torch.float64: 1e-10, torch.float32: 1e-5}
TOKENS = torch.tensor([1, 2, 3, 4, *range(20, 60)])
B, N, VOCABULARY = 24, 7, 64


def spec_of(depth: int, heads: int, norm: str, activation: str, final_norm: bool = False) -> ModelSpec:
    return ModelSpec(24, heads, 8, 40, depth, VOCABULARY, 10, norm, activation, final_norm)


def weights_of(spec: ModelSpec, runs: int, dtype: torch.dtype) -> list[dict]:
    """Initial weights of several runs, perturbed so that norms and biases matter."""
    noise = torch.Generator().manual_seed(5)
    found = []
    for run in range(runs):
        weights = initial_weights(spec, InitSpec((0.4, 0.5, 0.8)[run]), run)
        found.append(
            {k: v.to(dtype) + 0.05 * torch.randn(v.shape, generator=noise, dtype=dtype) for k, v in weights.items()}
        )
    return found


def plain(spec: ModelSpec, weights: dict, tokens_BN, labels_B) -> tuple[torch.Tensor, dict]:
    """Loss on the last position and all gradients, by full sequences and autograd."""
    model = Decoder.with_weights(spec, {k: v.clone() for k, v in weights.items()})
    model.requires_grad_(True)
    loss = F.cross_entropy(model(tokens_BN)[:, -1], labels_B)
    loss.backward()
    return loss.detach(), {name: p.grad for name, p in model.named_parameters()}


def stacked(spec: ModelSpec, weights: list[dict], index_RBN, labels_RB) -> tuple[torch.Tensor, dict]:
    views = {k: torch.stack([w[k] for w in weights]).requires_grad_() for k in weights[0]}
    logits = StackedDecoder(spec, views, TOKENS, N).last_logits(index_RBN)
    loss_R = F.cross_entropy(logits.flatten(0, 1), labels_RB.flatten(), reduction="none").view(labels_RB.shape).mean(1)
    loss_R.sum().backward()
    return loss_R.detach(), {k: v.grad for k, v in views.items()}


def relative(found: torch.Tensor, wanted: torch.Tensor) -> float:
    return ((found - wanted).norm() / wanted.norm().clamp_min(1e-30)).item()


CASES = list(itertools.product((1, 2, 3, 4), (1, 3), ("post", "pre"), ("relu", "gelu")))


@pytest.mark.parametrize("dtype", [torch.float64, torch.float32], ids=["fp64", "fp32"])
@pytest.mark.parametrize("runs", [1, 3], ids=["single", "stacked"])
@pytest.mark.parametrize(("depth", "heads", "norm", "activation"), CASES)
def test_loss_and_every_gradient_equal_the_plain_decoder(depth, heads, norm, activation, runs, dtype):
    spec = spec_of(depth, heads, norm, activation, final_norm=norm == "pre")
    weights = weights_of(spec, runs, dtype)
    draw = torch.Generator().manual_seed(1)
    index_RBN = torch.randint(len(TOKENS), (runs, B, N), generator=draw)
    labels_RB = torch.randint(VOCABULARY, (runs, B), generator=draw)
    loss_R, gradients = stacked(spec, weights, index_RBN, labels_RB)
    for run in range(runs):
        # the float32 engine is held against the float64 definition: both have rounding, only one is the reference
        exact = {k: v.double() for k, v in weights[run].items()}
        loss, wanted = plain(spec, exact, TOKENS[index_RBN[run]], labels_RB[run])
        assert abs(loss_R[run].double() - loss) <= TOLERANCE[dtype] * loss
        for name, gradient in wanted.items():
            assert relative(gradients[name][run].double(), gradient) <= TOLERANCE[dtype], name


def test_a_wrong_saving_is_caught(monkeypatch):
    """Without the causal mask the comparison must fail."""
    monkeypatch.setattr(StackedDecoder, "_softmax", lambda self, scores: scores.softmax(-1))
    with pytest.raises(AssertionError):
        test_loss_and_every_gradient_equal_the_plain_decoder(2, 1, "post", "relu", 1, torch.float64)
