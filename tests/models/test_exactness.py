"""Every saving of the training engine against the plain decoder: loss and every gradient."""

from __future__ import annotations

import itertools

import pytest
import torch
from torch.nn import functional as F

from initscale.config.load import load_config
from initscale.models.decoder import Decoder
from initscale.models.engines.paper_cpu import PaperDecoder
from initscale.models.engines.stacked import StackedDecoder
from initscale.models.initializations.per_tensor import initial_weights
from initscale.models.scale import InitSpec
from initscale.models.spec import ModelSpec

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


def stacked(spec: ModelSpec, weights: list[dict], index_RBN, labels_RB, low=None) -> tuple[torch.Tensor, dict]:
    views = {k: torch.stack([w[k] for w in weights]).requires_grad_() for k in weights[0]}
    logits = StackedDecoder(spec, views, TOKENS, N, low).last_logits(index_RBN)
    loss_R = F.cross_entropy(logits.flatten(0, 1), labels_RB.flatten(), reduction="none").view(labels_RB.shape).mean(1)
    loss_R.sum().backward()
    return loss_R.detach(), {k: v.grad for k, v in views.items()}


def single(spec: ModelSpec, weights: dict, index_BN, labels_B, part: int = 9, low=None) -> tuple[torch.Tensor, dict]:
    """The CPU engine, in parts of uneven size."""
    views = {k: w[None].clone().requires_grad_() for k, w in weights.items()}
    loss = PaperDecoder(StackedDecoder(spec, views, TOKENS, N), part, low).loss_and_gradients(index_BN, labels_B)
    return loss, {k: v.grad[0] for k, v in views.items()}


def relative(found: torch.Tensor, wanted: torch.Tensor) -> float:
    return ((found - wanted).norm() / wanted.norm().clamp_min(1e-30)).item()


CASES = list(itertools.product((1, 2, 3, 4), (1, 3), ("post", "pre"), ("relu", "gelu")))


@pytest.mark.parametrize("dtype", [torch.float64, torch.float32], ids=["fp64", "fp32"])
@pytest.mark.parametrize("runs", [1, 3], ids=["single", "stacked"])
@pytest.mark.parametrize(("depth", "heads", "norm", "activation"), CASES)
def test_loss_and_every_gradient_equal_the_plain_decoder(depth, heads, norm, activation, runs, dtype):
    check_engine(spec_of(depth, heads, norm, activation, final_norm=norm == "pre"), runs, dtype)


@pytest.mark.parametrize("dtype", [torch.float64, torch.float32], ids=["fp64", "fp32"])
@pytest.mark.parametrize("runs", [1, 3], ids=["single", "stacked"])
@pytest.mark.parametrize("depth", [1, 2, 3, 4])
@pytest.mark.parametrize("model", ["gpt2", "gpt2_pre"])
def test_gpt2_equals_the_plain_decoder(model, depth, runs, dtype):
    """The models of Fig 2c as they are configured, at the smoke scale's widths."""
    section = load_config({"scale": "smoke"})["models"][model]
    spec = ModelSpec.from_config({**section, "depth": depth, "vocabulary": VOCABULARY})
    assert (spec.n_heads, spec.activation, spec.norm) == (3, "gelu", "pre" if model == "gpt2_pre" else "post")
    check_engine(spec, runs, dtype)


def check_engine(spec: ModelSpec, runs: int, dtype: torch.dtype) -> None:
    """Hold loss and every gradient of each run against the plain decoder."""
    weights = weights_of(spec, runs, dtype)
    index_RBN, labels_RB = draw_batch(runs)
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


def draw_batch(runs: int = 1) -> tuple[torch.Tensor, torch.Tensor]:
    draw = torch.Generator().manual_seed(1)
    index_RBN = torch.randint(len(TOKENS), (runs, B, N), generator=draw)
    return index_RBN, torch.randint(VOCABULARY, (runs, B), generator=draw)


@pytest.mark.parametrize("dtype", [torch.float64, torch.float32], ids=["fp64", "fp32"])
@pytest.mark.parametrize("depth", [2, 3, 4, 5])
def test_cpu_engine_equals_the_plain_decoder(depth, dtype):
    spec = spec_of(depth, 1, "post", "relu")
    (weights,) = weights_of(spec, 1, dtype)
    (index_BN,), (labels_B,) = draw_batch()
    loss, gradients = single(spec, weights, index_BN, labels_B)
    exact_loss, wanted = plain(spec, {k: v.double() for k, v in weights.items()}, TOKENS[index_BN], labels_B)
    assert abs(loss.double() - exact_loss) <= TOLERANCE[dtype] * exact_loss
    for name, gradient in wanted.items():
        assert relative(gradients[name].double(), gradient) <= TOLERANCE[dtype], name


def test_position_zero_matters_to_the_cpu_engine():
    """The gradient through position 0 goes its own way; without it the comparison must fail."""
    spec = spec_of(3, 1, "post", "relu")
    (weights,) = weights_of(spec, 1, torch.float64)
    (index_BN,), (labels_B,) = draw_batch()
    changed = index_BN.clone()
    changed[:, 0] = (changed[:, 0] + 1) % len(TOKENS)
    assert single(spec, weights, index_BN, labels_B)[0] != single(spec, weights, changed, labels_B)[0]


@pytest.mark.parametrize("engine", ["single", "stacked"])
@pytest.mark.parametrize("depth", [2, 4])
def test_bf16_is_as_near_to_float64_as_autocast_is(depth, engine):
    """Rounded products differ from exact ones; ours by no more than 1.5 times what torch.autocast's do."""
    spec = spec_of(depth, 1, "post", "relu")
    (weights,) = weights_of(spec, 1, torch.float32)
    index_RBN, labels_RB = draw_batch()
    tokens_BN = TOKENS[index_RBN[0]]
    _, exact = plain(spec, {k: v.double() for k, v in weights.items()}, tokens_BN, labels_RB[0])
    with torch.autocast("cpu", torch.bfloat16):
        _, usual = plain(spec, weights, tokens_BN, labels_RB[0])
    if engine == "single":
        _, ours = single(spec, weights, index_RBN[0], labels_RB[0], low=torch.bfloat16)
    else:
        _, ours = stacked(spec, [weights], index_RBN, labels_RB, low=torch.bfloat16)
        ours = {name: gradient[0] for name, gradient in ours.items()}
    both = [torch.cat([g[name].double().flatten() for name in exact]) for g in (ours, usual, exact)]
    error, usual_error = (relative(gradient, both[2]) for gradient in both[:2])
    assert 1e-4 < error < 1.5 * usual_error
