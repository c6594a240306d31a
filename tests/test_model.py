"""The decoder and its initialization against the paper's description."""

from __future__ import annotations

import math

import pytest
import torch

from initscale.config import load_config
from initscale.models.decoder import Decoder
from initscale.models.init import InitSpec, initial_weights, standard_deviation
from initscale.models.spec import ModelSpec, parameters


@pytest.fixture(scope="module")
def paper() -> dict:
    return load_config({"scale": "paper"})


@pytest.fixture(scope="module")
def paper_spec(paper) -> ModelSpec:
    return ModelSpec.from_config({**paper["models"]["single_head"], "depth": 2})


def test_parameter_count_of_the_paper(paper_spec):
    total = sum(math.prod(parameter.shape) for parameter in parameters(paper_spec))
    assert total == 2_732_201
    model = Decoder.with_weights(paper_spec, initial_weights(paper_spec, InitSpec(0.5), 0))
    assert sum(p.numel() for p in model.parameters()) == 2_732_201


@pytest.mark.parametrize("gamma", [0.3, 0.8])
def test_standard_deviation_of_every_weight(paper_spec, gamma):
    """d_in = 400 for embeddings, Q/K/V, FFN 1 and output, 200 for W_O, 1200 for FFN 2."""
    weights = initial_weights(paper_spec, InitSpec(gamma), seed=0)
    width = {"attn.o.weight": 200, "ffn.down.weight": 1200}
    for name, value in weights.items():
        if value.dim() == 2:
            d_in = next((w for end, w in width.items() if name.endswith(end)), 400)
            wanted, error = d_in**-gamma, 4 / math.sqrt(2 * value.numel())
            assert value.std().item() == pytest.approx(wanted, rel=error), name
            assert abs(value.mean().item()) < 4 * wanted / math.sqrt(value.numel()), name


def test_norms_and_bias_start_as_pytorch_does(paper_spec):
    weights = initial_weights(paper_spec, InitSpec(0.8), seed=0)
    assert (weights["layers.0.attn_norm.weight"] == 1).all()
    assert (weights["layers.1.ffn_norm.bias"] == 0).all()
    bias = weights["output.bias"]
    assert bias.abs().max() <= 400**-0.5
    assert bias.std().item() == pytest.approx(400**-0.5 / math.sqrt(3), rel=0.2)


def test_no_bias_but_the_output(paper_spec):
    assert [p.name for p in parameters(paper_spec) if p.kind == "bias"] == ["output.bias"]


def test_axis_and_embedding_switches(paper_spec):
    by_name = {p.name: p for p in parameters(paper_spec)}
    down, tokens = by_name["layers.0.ffn.down.weight"], by_name["tokens.weight"]
    assert standard_deviation(down, InitSpec(0.5, axis="output")) == 400**-0.5
    assert standard_deviation(down, InitSpec(0.5, axis="input")) == 1200**-0.5
    assert standard_deviation(tokens, InitSpec(0.5, axis="output")) == 400**-0.5
    assert standard_deviation(tokens, InitSpec(0.5, embedding="vocabulary")) == 201**-0.5
    assert standard_deviation(tokens, InitSpec(0.5, embedding=0.02)) == 0.02


def test_gamma_rescales_and_seed_redraws(paper_spec):
    small, large = (initial_weights(paper_spec, InitSpec(gamma), 0) for gamma in (0.8, 0.3))
    name = "layers.1.attn.q.weight"
    torch.testing.assert_close(small[name] * 400**0.5, large[name], rtol=1e-5, atol=0)
    other = initial_weights(paper_spec, InitSpec(0.8), 1)
    assert not torch.equal(small[name], other[name])
    again = initial_weights(paper_spec, InitSpec(0.8), 0)
    assert all(torch.equal(value, again[key]) for key, value in small.items())


def test_weights_do_not_depend_on_the_global_generator_or_the_depth(paper_spec):
    torch.manual_seed(1)
    one = initial_weights(paper_spec, InitSpec(0.5), 0)
    torch.manual_seed(2)
    deeper = ModelSpec(**{**paper_spec.__dict__, "depth": 4})
    two = initial_weights(deeper, InitSpec(0.5), 0)
    assert all(torch.equal(value, two[key]) for key, value in one.items())


def test_initial_weights_are_pinned(paper_spec):
    """First values of one tensor, so that a change of the initialization cannot go unnoticed."""
    q = initial_weights(paper_spec, InitSpec(0.5), 0)["layers.0.attn.q.weight"]
    torch.testing.assert_close(q[0, :4], torch.tensor(PINNED), rtol=1e-5, atol=0)


PINNED = [0.01133772, 0.02963226, 0.02442225, 0.00879176]


def test_attention_is_causal(paper_spec):
    spec = ModelSpec(**{**paper_spec.__dict__, "d_model": 16, "d_head": 8, "d_ff": 24})
    model = Decoder.with_weights(spec, initial_weights(spec, InitSpec(0.3), 0))
    tokens = torch.randint(20, 100, (3, 9))
    changed = tokens.clone()
    changed[:, 6] = 4
    before, after = model(tokens), model(changed)
    torch.testing.assert_close(before[:, :6], after[:, :6])
    assert not torch.allclose(before[:, 6:], after[:, 6:])


def test_one_layer_by_hand():
    """Post-norm, one head: the formulas of the paper's Appendix A, written out with matrices."""
    spec = ModelSpec(6, 1, 4, 10, 1, 12, 5, "post", "relu", False)
    w = initial_weights(spec, InitSpec(0.2), 3)
    tokens = torch.tensor([1, 7, 3])
    x = w["tokens.weight"][tokens] + w["positions.weight"][:3]
    q, k, v = (x @ w[f"layers.0.attn.{name}.weight"].T for name in "qkv")
    scores = q @ k.T / 2.0  # sqrt(d_head) = 2
    rows = []
    for i in range(3):
        a = torch.softmax(scores[i, : i + 1], 0)
        rows.append(a @ v[: i + 1] @ w["layers.0.attn.o.weight"].T)

    def norm(y):
        return (y - y.mean(-1, keepdim=True)) / (y.var(-1, unbiased=False, keepdim=True) + 1e-5).sqrt()

    x_ao = norm(x + torch.stack(rows))
    hidden = (x_ao @ w["layers.0.ffn.up.weight"].T).clamp(min=0)
    x_do = norm(hidden @ w["layers.0.ffn.down.weight"].T + x_ao)
    logits = x_do @ w["output.weight"].T + w["output.bias"]
    torch.testing.assert_close(Decoder.with_weights(spec, w)(tokens[None])[0], logits)
