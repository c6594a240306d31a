"""The decoder and its initialization against the paper's description."""

from __future__ import annotations

import math

import pytest
import torch

from initscale.config.load import load_config
from initscale.models.decoder import Decoder
from initscale.models.initializations.per_tensor import initial_weights
from initscale.models.scale import InitSpec, embedding_std, standard_deviation
from initscale.models.spec import ModelSpec, parameters, trained_parameters


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


@pytest.mark.parametrize(("embedding", "expected"), [("width", 400**-0.7), ("vocabulary", 201**-0.7), (0.02, 0.02)])
def test_tables_name_the_std_that_the_embedding_starts_with(embedding, expected):
    init = {"axis": "input", "embedding": embedding, "gamma": None}
    assert embedding_std({"d_model": 400, "vocabulary": 201, "init": init}, 0.7) == pytest.approx(expected)


class TestGPT2:
    """The models of Fig 2c."""

    SMALL = 124_439_808
    """Parameters of the published GPT-2 small, tied output counted once."""

    def test_parameter_count_of_gpt2_small(self, paper):
        """From the published model: no biases, our tokens and positions, no final norm, an output of its own."""
        biases = 12 * (3 * 768 + 768 + 3072 + 768)
        embeddings = (50_257 - 201) * 768 + (1024 - 20) * 768
        wanted = self.SMALL - biases - embeddings - 2 * 768 + (201 * 768 + 201)
        assert wanted == 85_295_817
        for name, more in (("gpt2", 0), ("gpt2_pre", 2 * 768)):
            spec = ModelSpec.from_config({**paper["models"][name], "depth": 12})
            assert paper["studies"][name]["grid"]["depth"] == [12]
            assert sum(math.prod(p.shape) for p in parameters(spec)) == wanted + more
            with torch.device("meta"):
                assert sum(p.numel() for p in Decoder(spec).parameters()) == wanted + more

    @pytest.mark.parametrize("norm", ["post", "pre"])
    def test_equals_pytorchs_own_layers(self, norm):
        """torch.nn.TransformerEncoderLayer with a causal mask, its biases set to zero."""
        spec = ModelSpec(24, 3, 8, 96, 2, 60, 9, norm, "gelu", norm == "pre")
        draw = torch.Generator().manual_seed(0)
        weights = {
            k: w + 0.1 * torch.randn(w.shape, generator=draw)
            for k, w in initial_weights(spec, InitSpec(0.5), 0).items()
        }
        model, tokens = Decoder.with_weights(spec, weights).eval(), torch.randint(60, (5, 7), generator=draw)
        x = weights["tokens.weight"][tokens] + weights["positions.weight"][:7]
        for number in range(2):
            w = {
                k.removeprefix(f"layers.{number}."): v for k, v in weights.items() if k.startswith(f"layers.{number}.")
            }
            x = torch_layer(w, norm)(x, src_mask=torch.ones(7, 7, dtype=torch.bool).triu(1))
        if norm == "pre":
            x = torch.nn.functional.layer_norm(x, (24,), weights["final_norm.weight"], weights["final_norm.bias"])
        with torch.no_grad():
            torch.testing.assert_close(model(tokens), x @ weights["output.weight"].T + weights["output.bias"])

    def test_same_init_rule_and_no_deviation_by_default(self, paper):
        for name in ("gpt2", "gpt2_pre"):
            section = paper["models"][name]
            assert section["init"] == {"gamma": 0.5, "axis": "input", "embedding": "width"}
            assert section["frozen_norm"] is False
            spec = ModelSpec.from_config({**section, "depth": 1})
            width = {"ffn.down.weight": 3072}
            for p in (p for p in parameters(spec) if p.kind in ("embedding", "linear")):
                d_in = next((w for end, w in width.items() if p.name.endswith(end)), 768)
                assert standard_deviation(p, InitSpec(0.6)) == d_in**-0.6, p.name

    def test_the_later_codes_widths(self):
        """Conv1D weights by their output width: 3 x 768 for queries, keys and values; embeddings at 0.02."""
        changed = {"axis": "conv1d", "embedding": 0.02}
        over = {"scale": "paper", "models": {"gpt2": {"init": changed, "frozen_norm": True}}}
        section = load_config(over)["models"]["gpt2"]
        spec, init = ModelSpec.from_config(section), InitSpec.from_config(section["init"])
        found = {p.name: standard_deviation(p, init) for p in parameters(spec) if p.kind in ("embedding", "linear")}
        widths = {"attn.q": 2304, "attn.k": 2304, "attn.v": 2304, "attn.o": 768, "ffn.up": 3072, "ffn.down": 768}
        assert {found[f"layers.0.{name}.weight"] for name in widths} == {w**-0.5 for w in widths.values()}
        for name, wanted in widths.items():
            assert found[f"layers.0.{name}.weight"] == wanted**-0.5, name
        assert found["output.weight"] == 768**-0.5
        assert {found["tokens.weight"], found["positions.weight"]} == {0.02}
        assert [p.kind for p in trained_parameters(spec)].count("gain") == 0


def torch_layer(w: dict, norm: str) -> torch.nn.Module:
    """PyTorch's encoder layer with these weights."""
    layer = torch.nn.TransformerEncoderLayer(24, 3, 96, 0.0, "gelu", batch_first=True, norm_first=norm == "pre")
    zero = torch.zeros
    layer.load_state_dict(
        {
            "self_attn.in_proj_weight": torch.cat([w[f"attn.{name}.weight"] for name in "qkv"]),
            "self_attn.in_proj_bias": zero(72),
            "self_attn.out_proj.weight": w["attn.o.weight"],
            "self_attn.out_proj.bias": zero(24),
            "linear1.weight": w["ffn.up.weight"],
            "linear1.bias": zero(96),
            "linear2.weight": w["ffn.down.weight"],
            "linear2.bias": zero(24),
            "norm1.weight": w["attn_norm.weight"],
            "norm1.bias": w["attn_norm.bias"],
            "norm2.weight": w["ffn_norm.weight"],
            "norm2.bias": w["ffn_norm.bias"],
        }
    )
    return layer.train()  # in evaluation mode it takes another, fused path


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
