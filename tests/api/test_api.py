"""The public interface, on a model of torch.nn, on one of the Hugging Face library made from a config, and on runs."""

from __future__ import annotations

import copy
import math
import shutil
import subprocess
import sys

import numpy as np
import pytest
import torch
from safetensors.torch import save_file
from torch import nn

import initscale
from initscale.api.attention import attention_weights
from initscale.config.load import load_config
from initscale.errors import ConfigError, InputError
from initscale.experiment.grid import run_facts, study_points
from initscale.experiment.paths import Layout
from initscale.models.decoder import Decoder
from initscale.models.initializations import initial_weights_of
from initscale.models.spec import ModelSpec
from initscale.probes.change.measure import spectrum_of
from initscale.probes.condensation import measure as condensation_probe
from initscale.stages.generate_data import generate_data
from initscale.stages.probe import probe_run
from initscale.stages.train import train_runs


class Small(nn.Module):
    """A causal model of torch.nn with a shared weight and a frozen one."""

    def __init__(self, width: int = 96, vocabulary: int = 64):
        super().__init__()
        self.tokens = nn.Embedding(vocabulary, width, padding_idx=0)
        self.attention = nn.MultiheadAttention(width, 4, batch_first=True, kdim=width // 2, vdim=width // 2)
        self.norm = nn.LayerNorm(width)
        self.up = nn.Linear(width, 2 * width)
        self.frozen = nn.Linear(width, width).requires_grad_(False)
        self.table = nn.Parameter(torch.randn(5, 5))
        self.output = nn.Linear(width, vocabulary, bias=False)
        self.output.weight = self.tokens.weight


@pytest.fixture(scope="module")
def hugging_face():
    transformers = pytest.importorskip("transformers", reason="the test extras have it")
    sizes = {"n_embd": 96, "n_layer": 2, "n_head": 4, "vocab_size": 64, "n_positions": 16}
    return transformers.GPT2LMHeadModel(transformers.GPT2Config(**sizes, attn_implementation="eager"))


def check_stds(model: nn.Module, expected: dict[str, tuple[int, float]], **options) -> None:
    """Draw, and hold every weight against d_in^-gamma within five standard errors, everything else against before."""
    before = {name: p.detach().clone() for name, p in model.named_parameters()}
    buffers = {name: b.clone() for name, b in model.named_buffers()}
    report = initscale.initialize_(model, **options)
    assert {row.name for row in report.rows if row.is_drawn} == set(expected)
    for name, parameter in model.named_parameters():
        if name not in expected:
            assert torch.equal(parameter, before[name]), name
            continue
        d_in, gamma = expected[name]
        values = parameter.detach()[1:] if name == "tokens.weight" else parameter.detach()  # row 0 is the padding
        std, n = d_in**-gamma, values.numel()
        assert abs(float(values.mean())) < 5 * std / math.sqrt(n), name
        assert float(values.std()) == pytest.approx(std, rel=5 / math.sqrt(2 * n)), name
    assert all(torch.equal(b, buffers[name]) for name, b in model.named_buffers())


def test_initialize_a_module_of_torch():
    model = Small()
    expected = {"tokens.weight": (96, 0.7), "up.weight": (96, 0.4)}
    expected |= {f"attention.{side}_proj_weight": (width, 0.7) for side, width in (("q", 96), ("k", 48), ("v", 48))}
    expected["attention.out_proj.weight"] = (96, 0.7)
    check_stds(model, expected, gamma=0.7, parts={"up.*": 0.4}, seed=1)
    assert not model.tokens.weight[0].any()
    assert model.output.weight is model.tokens.weight


def test_initialize_a_module_of_the_hugging_face_library(hugging_face):
    model = copy.deepcopy(hugging_face)
    inputs = {"attn.c_attn": 96, "attn.c_proj": 96, "mlp.c_fc": 96, "mlp.c_proj": 384}
    expected = {
        f"transformer.h.{layer}.{name}.weight": (d, 0.8 if name.startswith("mlp") else 0.5)
        for layer in range(2)
        for name, d in inputs.items()
    }
    expected |= {"transformer.wte.weight": (96, 0.5), "transformer.wpe.weight": (96, 0.5)}
    check_stds(model, expected, gamma=0.5, parts={"*.mlp.*": 0.8}, seed=0)
    assert model.lm_head.weight is model.transformer.wte.weight


def test_initialize_as_the_engines_do(smoke):
    """On the project's own decoder with its seed it is the initialization of a run, to the bit."""
    facts = run_facts(smoke, "phase", next(study_points(smoke["studies"]["phase"])))
    weights = initial_weights_of(facts["model"], 3)
    model = Decoder(ModelSpec.from_config(facts["model"]))
    initscale.initialize_(model, facts["model"]["init"]["gamma"], seed=3)
    for name, value in model.named_parameters():
        assert name == "output.bias" or torch.equal(value, weights[name]), name


def test_queries_keys_and_values_in_one_weight_are_drawn_apart():
    one = nn.MultiheadAttention(32, 2)
    initscale.initialize_(one, 0.5, seed=0)
    q, k, v = one.in_proj_weight.chunk(3)
    assert not torch.equal(q, k)
    assert float(torch.cat([q, k, v]).std()) == pytest.approx(32**-0.5, rel=0.1)


def test_seeds_and_gammas():
    first, second, other = nn.Linear(50, 50), nn.Linear(50, 50), nn.Linear(50, 50)
    initscale.initialize_(first, 0.5, seed=4)
    initscale.initialize_(second, 1.0, seed=4)
    torch.testing.assert_close(first.weight * 50**-0.5, second.weight)
    torch.manual_seed(7)
    initscale.initialize_(second, 0.5)
    initscale.initialize_(other, 0.5)
    assert not torch.equal(second.weight, other.weight)
    torch.manual_seed(7)
    initscale.initialize_(other, 0.5)
    assert torch.equal(second.weight, other.weight)


def test_a_dry_run_says_what_would_happen_and_changes_nothing(capsys):
    model = Small()
    before, state = copy.deepcopy(model.state_dict()), torch.get_rng_state()
    report = initscale.initialize_(model, 0.5, embedding=0.02, dry_run=True)
    assert all(torch.equal(value, before[name]) for name, value in model.state_dict().items())
    assert torch.equal(torch.get_rng_state(), state)
    rows = {row.name: row for row in report.rows}
    assert len(rows) == len(list(model.named_parameters()))
    assert (rows["tokens.weight"].std_after, rows["tokens.weight"].d_in) == (0.02, None)
    assert rows["up.weight"].std_after == 96**-0.5
    assert rows["up.weight"].std_before == pytest.approx(float(model.up.weight.square().mean().sqrt()))
    notes = {name: rows[name].note for name in ("frozen.weight", "table", "norm.weight", "up.bias")}
    reasons = "frozen (requires_grad=False)", "no rule for a Small", "a norm's gain", "a bias"
    assert tuple(notes.values()) == reasons
    printed = capsys.readouterr().out
    assert str(report) in printed
    assert "shared with output.weight" in printed
    assert "would be drawn" in printed


@pytest.mark.parametrize(
    ("model", "options", "words"),
    [
        (nn.Linear(2, 2), {"parts": {"wieght": 1.0}}, "did you mean `weight`"),
        (nn.Linear(2, 2, device="meta"), {}, "has no values yet"),
        (nn.LazyLinear(2), {}, "has no values yet"),
        (nn.Linear(2, 2), {"embedding": "height"}, "width, vocabulary"),
    ],
)
def test_what_cannot_be_initialized(model, options, words):
    with pytest.raises(ConfigError, match=words):
        initscale.initialize_(model, 0.5, **options)


class TestMeasures:
    def test_stable_rank(self):
        assert initscale.stable_rank(torch.eye(7)) == pytest.approx(7)
        assert initscale.stable_rank(torch.ones(4, 9)) == pytest.approx(1)
        model = Small()
        ranks = initscale.stable_rank(model)
        assert {"tokens.weight", "attention.q_proj_weight", "frozen.weight"} <= set(ranks)
        assert ranks["up.weight"] == pytest.approx(spectrum_of(model.up.weight.detach().double().numpy(), 1)[0])

    def test_rows_are_outputs_in_every_library(self, hugging_face):
        shapes = {name: len(found.cosine) for name, found in initscale.condensation(hugging_face).items()}
        assert shapes["transformer.h.0.mlp.c_fc.weight"] == 384
        assert not any("wte" in name for name in shapes)

    def test_condensation_of_two_directions(self):
        torch.manual_seed(0)
        directions = torch.linalg.qr(torch.randn(12, 12)).Q[:2]
        found = initscale.condensation(torch.cat([directions[0] * 2, directions[1], directions[0]]).view(3, 12))
        assert (found.groups, found.largest_group, found.pair_share) == (2, 2, pytest.approx(1 / 3))
        assert found.cosine[0, 1] == pytest.approx(1)

    def test_ordinality(self):
        line = torch.outer(torch.arange(20.0), torch.ones(3)) + torch.tensor([5.0, 0, -3])
        assert initscale.ordinality(line)["euclidean"] == pytest.approx(1)
        table = nn.Embedding(40, 8)
        assert abs(initscale.ordinality(table, np.arange(10, 40))["cosine"]) < 0.5
        with pytest.raises(InputError, match="do not fit"):
            initscale.ordinality(line, np.arange(30))

    def test_a_tensor_that_is_no_matrix(self):
        with pytest.raises(InputError, match="matrix"):
            initscale.stable_rank(torch.ones(3))


class TestAttention:
    def test_of_the_hugging_face_library(self, hugging_face):
        tokens = torch.arange(12).view(2, 6)
        flow = initscale.attention_flow(hugging_face, tokens)
        assert flow.groupby(["layer", "query"])["value"].sum().to_numpy() == pytest.approx(np.ones(12), abs=1e-5)
        assert set(flow["layer"]) == {1, 2}

    def test_fused_kernels_are_named(self):
        transformers = pytest.importorskip("transformers")
        config = transformers.GPT2Config(n_embd=8, n_layer=1, n_head=1, vocab_size=9, attn_implementation="sdpa")
        with pytest.raises((InputError, ValueError), match="eager"):
            initscale.attention_flow(transformers.GPT2LMHeadModel(config), torch.arange(4)[None])

    def test_of_torch(self):
        layer = nn.TransformerEncoderLayer(16, 2, 32, batch_first=True)
        model = nn.Sequential(nn.Embedding(9, 16), layer, layer)
        tokens = torch.arange(8).view(2, 4)
        (first, second) = attention_weights(model, tokens)
        assert first.shape == second.shape == (2, 2, 4, 4)
        assert model.training
        x = model[0](tokens)
        _, expected = layer.self_attn.eval()(x, x, x, average_attn_weights=False)
        torch.testing.assert_close(first, expected.detach())

    def test_roles(self):
        weights = torch.zeros(2, 1, 4, 4)
        weights[0, 0, 3, 1], weights[1, 0, 3, 2] = 1.0, 0.5
        roles = {"last": -1, "key": torch.tensor([1, 2])}
        flow = initscale.attention_flow([weights], roles=roles).set_index(["query", "source"])["value"]
        assert flow["last", "key"] == pytest.approx(0.75)
        assert ("key", "last") not in flow
        with pytest.raises(InputError, match="role `key`"):
            initscale.attention_flow([weights], roles={"key": 4})

    def test_a_model_without(self):
        with pytest.raises(InputError, match="MultiheadAttention"):
            initscale.attention_flow(nn.Embedding(3, 3), torch.zeros(1, 2, dtype=torch.long))


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    """A measured run of six steps, in a results folder."""
    smoke = load_config({"scale": "smoke", "results": str(tmp_path_factory.mktemp("results"))})
    point, layout = next(study_points(smoke["studies"]["phase"])), Layout(smoke)
    facts, folder, data = (
        run_facts(smoke, "phase", point),
        layout.run_folder("phase", point),
        layout.data_folder("anchor"),
    )
    facts["training"] = facts["training"] | {"duration": "6 steps", "warmup": "2 steps"}
    generate_data(facts["dataset"], data)
    train_runs([facts], data, [folder], smoke["execution"])
    probes = {name: smoke["probes"][name] for name in ("condensation", "flow")}
    probe_run(folder, data, probes, facts, layout.probe_record("phase", point), layout.root)
    return folder, data


def test_load(run):
    folder, data = run
    found = initscale.load(folder)
    assert found.facts["training"]["duration"] == "6 steps"
    assert str(found.data_folder) == str(data)
    opened = initscale.open_run(folder, data)
    assert all(torch.equal(found.weights[name], value) for name, value in opened.weights.items())
    tokens = torch.arange(20, 26)[None]
    assert torch.equal(found.model()(tokens), opened.model()(tokens))
    assert found.history["step"].iloc[-1] == 6
    assert set(found.probes) == {"condensation", "flow"}
    share = initscale.condensation(found.weights[condensation_probe.WEIGHT]).pair_share
    measured = found.probes["condensation"].set_index(["quantity", "part"])["value"]
    assert share == measured["pair_share", "0.7"]
    assert next(iter(found.snapshots())) == 0


def test_load_names_the_nearest_run(run, tmp_path):
    folder = run[0]
    with pytest.raises(InputError, match=r"did you mean `gamma~0\.30"):
        initscale.load(folder.replace("0.30", "0.31"))
    with pytest.raises(InputError, match="0 finished runs"):
        initscale.load(tmp_path / "nothing")


def test_attention_flow_is_that_of_the_probe(run):
    """The displayed sequence of Fig 3 through the public function."""
    found = initscale.load(run[0])
    rows = found.probes["flow"].query("kind == 'displayed'")
    tokens = rows.drop_duplicates("source").sort_values("source")["source_token"].to_numpy(np.int64).copy()
    flow = initscale.attention_flow(found.model(), torch.from_numpy(tokens)[None])
    measured = rows[rows["source"] <= rows["query"]].groupby(["layer", "query", "source"])["value"].mean()
    keys = [flow["layer"], flow["query"].astype(int), flow["source"].astype(int)]
    flows = flow.set_index(keys)["value"]
    assert len(flows) >= 20
    assert flows[measured.index].to_numpy() == pytest.approx(measured.to_numpy(), abs=1e-6)


def test_a_run_of_damaged_weights_is_refused(run, tmp_path):
    copied = tmp_path / "runs" / "phase" / "one"
    shutil.copytree(run[0], copied)
    save_file({"x": torch.zeros(1)}, copied / "weights.safetensors")
    with pytest.raises(InputError, match="is not the file of this run"):
        _ = initscale.load(copied).weights


def test_names_are_imported_when_they_are_used():
    code = (
        "import sys, initscale; assert 'torch' not in sys.modules; initscale.stable_rank; assert 'torch' in sys.modules"
    )
    subprocess.run([sys.executable, "-c", code], check=True)
    assert set(initscale.__all__) <= set(dir(initscale))
    with pytest.raises(AttributeError, match="it offers attention_flow"):
        _ = initscale.initialise_
