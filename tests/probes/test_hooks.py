"""Named hidden states against the plain forward pass, and attention blocking."""

from __future__ import annotations

import dataclasses

import pytest
import torch

from initscale.errors import ConfigError
from initscale.models.decoder import Decoder
from initscale.models.initializations.per_tensor import initial_weights
from initscale.models.scale import InitSpec
from initscale.models.spec import ModelSpec
from initscale.probes.hooks import attention_weights, capture, known_names, logits_with_blocked

SPEC = ModelSpec(
    d_model=12,
    n_heads=2,
    d_head=5,
    d_ff=16,
    depth=3,
    vocabulary=30,
    max_positions=8,
    norm="post",
    activation="relu",
    final_norm=False,
)
TOKENS = torch.randint(0, 30, (4, 6), generator=torch.Generator().manual_seed(1))


@pytest.fixture(params=["post", "pre"])
def model(request) -> Decoder:
    spec = dataclasses.replace(SPEC, norm=request.param)
    return Decoder.with_weights(spec, initial_weights(spec, InitSpec(0.3), seed=0))


def test_states_are_those_of_the_forward_pass(model):
    """Every captured state leads to the next one by the paper's equations, and the last to the logits."""
    seen = capture(model, TOKENS, known_names(3))
    assert torch.equal(seen["logits"], model(TOKENS))
    x_BND = model.tokens(TOKENS) + model.positions.weight[:6]
    assert torch.equal(seen["embed"], x_BND)
    for number, layer in enumerate(model.layers, start=1):
        get = lambda point, number=number: seen[f"layer{number}.{point}"]  # noqa: E731
        assert torch.equal(get("in"), x_BND)
        read_BND = x_BND if layer.post_norm else layer.attn_norm(x_BND)
        for part in ("q", "k", "v"):
            torch.testing.assert_close(get(f"attn.{part}"), read_BND @ getattr(layer.attn, part).weight.T)
        torch.testing.assert_close(get("attn.out"), get("attn.mixed") @ layer.attn.o.weight.T)
        summed_BND = x_BND + get("attn.out")
        torch.testing.assert_close(get("ao"), layer.attn_norm(summed_BND) if layer.post_norm else summed_BND)
        torch.testing.assert_close(get("ffn.out"), get("ffn.hidden") @ layer.ffn.down.weight.T)
        out_BND = get("ao") + get("ffn.out")
        torch.testing.assert_close(get("do"), layer.ffn_norm(out_BND) if layer.post_norm else out_BND)
        x_BND = get("do")
    torch.testing.assert_close(model.output(model.final_norm(x_BND)), seen["logits"])


def test_attention_weights_times_values_is_what_the_model_computes(model):
    for layer in (1, 2, 3):
        names = [f"layer{layer}.attn.{part}" for part in ("weights", "v", "mixed")]
        weights_BHNN, v_BNE, mixed_BNE = capture(model, TOKENS, names).values()
        assert weights_BHNN.shape == (4, 2, 6, 6)
        torch.testing.assert_close(weights_BHNN.sum(-1), torch.ones(4, 2, 6))
        assert (weights_BHNN.triu(1) == 0).all()
        v_BHNK = v_BNE.view(4, 6, 2, 5).transpose(1, 2)
        torch.testing.assert_close((weights_BHNN @ v_BHNK).transpose(1, 2).reshape(4, 6, 10), mixed_BNE)


def test_hooks_are_gone_afterwards(model):
    before = model(TOKENS)
    capture(model, TOKENS, ["layer2.attn.weights"])
    logits_with_blocked(model, TOKENS, {1: torch.eye(6, dtype=torch.bool).roll(-1, 1).tril(-1).expand(4, 6, 6)})
    assert torch.equal(model(TOKENS), before)
    assert not any(module._forward_hooks for module in model.modules())


@pytest.mark.parametrize(
    ("name", "nearest"),
    [
        ("layer2.attn.wieghts", "layer2.attn.weights"),
        ("layer4.ao", "layer3.ao"),
        ("layer0.do", "layer[123].do"),
        ("embedding", "embed"),
    ],
)
def test_unknown_name_is_refused_with_the_nearest(model, name, nearest):
    with pytest.raises(ConfigError, match=rf"{name}.*3 layer\(s\).*did you mean `{nearest}`"):
        capture(model, TOKENS, [name])


def test_blocking_nothing_changes_nothing(model):
    nothing_BNN = torch.zeros(4, 6, 6, dtype=torch.bool)
    blocked = logits_with_blocked(model, TOKENS, dict.fromkeys((1, 2, 3), nothing_BNN))
    torch.testing.assert_close(blocked, model(TOKENS))


def test_blocked_weights_are_rescaled():
    """Scores 0 everywhere: query 2 sees three keys equally, and two of them once one is blocked."""
    q_BNE, mask_BNN = torch.zeros(1, 4, 6), torch.zeros(1, 4, 4, dtype=torch.bool)
    mask_BNN[0, 2, 1] = True
    weights_BHNN = attention_weights(q_BNE, q_BNE, 2, mask_BNN)
    assert weights_BHNN[0, 0, 2].tolist() == [0.5, 0, 0.5, 0]
    assert weights_BHNN[0, 1, 3].tolist() == [0.25] * 4


def test_blocking_changes_exactly_what_lies_behind_it(model):
    """A block of (query 4, key 2) in layer 3 cannot reach the logits of any other position; in layer 1, only later."""
    mask_BNN = torch.zeros(4, 6, 6, dtype=torch.bool)
    mask_BNN[:2, 4, 2] = True
    for layer, changed in ((3, {4}), (1, {4, 5})):
        difference_BN = (logits_with_blocked(model, TOKENS, {layer: mask_BNN}) - model(TOKENS)).abs().amax(-1)
        assert (difference_BN[2:] < 1e-5).all()  # sequences that are not blocked
        assert {place for place in range(6) if (difference_BN[:2, place] > 1e-4).all()} == changed
        assert {place for place in range(6) if (difference_BN[:2, place] > 1e-5).any()} == changed
