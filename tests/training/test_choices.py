"""Files and options that a run chooses by optional keys: each against the plain decoder or a hand-made value."""

from __future__ import annotations

import copy
import json

import numpy as np
import pytest
import torch
from safetensors import safe_open
from safetensors.torch import load_file
from torch.nn import functional as F

from initscale.config.load import load_config
from initscale.errors import ConfigError, Interrupted
from initscale.experiment.grid import run_facts, study_points
from initscale.files.storage import read_json, read_table
from initscale.models.decoder import Decoder
from initscale.models.initializations import initial_weights_of
from initscale.models.scale import InitSpec, standard_deviation
from initscale.models.spec import ModelSpec, parameters
from initscale.probes.run import open_run
from initscale.stages.generate_data import generate_data
from initscale.tasks.anchor.tensors import load
from initscale.training.choices import choices, load_choice, training_roots
from initscale.training.last_token_trainer import Trainer
from initscale.training.lockstep import Lockstep
from initscale.training.loop import Options, train
from initscale.training.module_trainer import Trainer as ModuleTrainer
from initscale.training.norms import row_norms
from initscale.training.recipe import Recipe

CPU = torch.device("cpu")


@pytest.fixture
def facts(smoke) -> dict:
    facts = copy.deepcopy(run_facts(smoke, "phase", next(study_points(smoke["studies"]["phase"]))))
    facts["evaluation"]["snapshots"] = 0
    return facts


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    folder = tmp_path_factory.mktemp("choices")
    generate_data(load_config({"scale": "smoke"})["datasets"]["anchor"], folder)
    return folder


@pytest.fixture
def data(facts, folder):
    return load(facts["dataset"], folder, 50)


def trained(facts: dict, data, folder) -> tuple[dict, dict, dict]:
    """History columns, weights and record of one run."""
    train([facts], [folder], data, Options())
    history = read_table(folder / "history.parquet").to_pydict()
    return history, load_file(folder / "weights.safetensors"), read_json(folder / "run.json")


def test_default_choices_are_absent_from_the_facts(facts):
    assert not {"schedule", "batch_order", "stop_after"} & set(facts["training"])
    assert not {"builder", "dropout"} & set(facts["model"])
    assert not {"draws", "parts"} & set(facts["model"]["init"])
    assert set(choices(facts)) == {"data", "trainer", "batch_order", "schedule", "initialization"}


@pytest.mark.parametrize(
    ("section", "key", "kind"),
    [("training", "schedule", "schedule"), ("training", "batch_order", "batch_order"), ("model", "builder", "builder")],
)
def test_an_unknown_file_is_refused(facts, section, key, kind):
    facts[section][key] = "nowhere"
    with pytest.raises(ConfigError, match=r"there is no \w+ `initscale\..*nowhere`"):
        load_choice(kind, facts)


def test_the_roots_of_a_run_are_those_that_it_chose(facts):
    facts["training"]["schedule"] = "constant"
    assert "initscale.training.schedules.constant:learning_rates" in training_roots(facts)
    assert not any("warmup_cosine" in root for root in training_roots(facts))


def test_stop_after_ends_the_run_and_not_the_schedule(facts, data, tmp_path):
    whole, _, _ = trained(facts, data, tmp_path / "whole")
    facts["training"]["stop_after"] = "40 steps"
    part, _, record = trained(facts, data, tmp_path / "part")
    assert (record["steps"], record["stopped_because"]) == (40, "end")
    for name in ("step", "lr", "grad_norm", "acc_train"):
        assert part[name][1:] == whole[name][1 : len(part[name])], name


def test_a_stop_beyond_the_schedule_is_its_end(facts):
    facts["training"]["stop_after"] = "9999 steps"
    assert Recipe.from_facts(facts, 5000).steps == 60


def test_a_constant_rate_behind_the_warm_up(facts):
    facts["training"]["schedule"] = "constant"
    rates = Recipe.from_facts(facts, 5000).learning_rates(2e-3)
    assert rates[0] == 1e-5
    assert set(rates[10:]) == {2e-3}


@pytest.mark.parametrize("precision", ["fp64", "fp32"])
@pytest.mark.parametrize("norm", ["post", "pre", "none"])
def test_a_module_trains_as_the_engine_does(facts, data, norm, precision):
    """The plain decoder as anybody's module, and the fast engines: the same gradients, so the same steps."""
    facts["training"]["precision"] = precision
    facts["model"] |= {"norm": norm, "init": facts["model"]["init"] | {"gamma": 0.8}}
    other = copy.deepcopy(facts)
    other["model"]["builder"] = "decoder"
    engine, plain = Trainer([facts], data, CPU), ModuleTrainer([other], data, CPU)
    for step in range(5):
        results = engine.step(step), plain.step(step)
        rtol = 1e-9 if precision == "fp64" else 1e-4
        torch.testing.assert_close(*(r.loss_R for r in results), rtol=rtol, atol=0)
        torch.testing.assert_close(*(r.grad_norm_R for r in results), rtol=20 * rtol, atol=0)
    assert engine.scores() == plain.scores()
    assert engine.norms()[0]["weight_norm"] == pytest.approx(plain.norms()[0]["weight_norm"], rel=1e-6)


def test_a_model_without_norms_has_none(facts, tmp_path, data, folder):
    facts["model"]["norm"] = "none"
    _, weights, _ = trained(facts, data, tmp_path / "run")
    assert not any("norm" in name for name in weights)
    model = open_run(tmp_path / "run", folder).model()
    tokens = data.tokens_Nn[:3]
    assert torch.isfinite(model(tokens)).all()


def test_dropout_is_drawn_from_seed_and_step(facts, data, tmp_path, monkeypatch):
    """Other masks in other steps, none in evaluations, and an interrupted run equal to the bit."""
    facts["model"]["dropout"] = 0.5
    trainer = load_choice("trainer", facts)([facts], data, CPU)
    assert trainer.scores() == trainer.scores()
    index = torch.arange(64)
    losses = [float(trainer._loss_and_gradients(0, index, step)) for step in (0, 0, 1)]
    assert losses[0] == losses[1] != losses[2]
    _, whole, _ = trained(facts, data, tmp_path / "whole")
    advance = Lockstep.advance

    def interrupted(self):
        row = advance(self)
        if self.step == 23:
            import os
            import signal

            os.kill(os.getpid(), signal.SIGTERM)
        return row

    monkeypatch.setattr(Lockstep, "advance", interrupted)
    with pytest.raises(Interrupted):
        trained(facts, data, tmp_path / "parts")
    monkeypatch.undo()
    _, parts, _ = trained(facts, data, tmp_path / "parts")
    assert all(torch.equal(whole[name], parts[name]) for name in whole)


def test_dropout_zeroes_and_scales(facts):
    """The expected value of what passes is what went in."""
    spec = ModelSpec.from_config(facts["model"] | {"dropout": 0.5})
    model = Decoder.with_weights(spec, initial_weights_of(facts["model"], 0)).train()
    passed = model.dropout(torch.ones(10_000))
    assert set(passed.tolist()) == {0.0, 2.0}
    assert float(passed.mean()) == pytest.approx(1, abs=0.05)


def test_gammas_of_parts(facts):
    parts = {"embedding": 0.2, "attention": 0.4, "feed_forward": 0.6, "output": 0.9}
    init = InitSpec.from_config(facts["model"]["init"] | {"gamma": 0.5, "parts": parts})
    spec = ModelSpec.from_config(facts["model"] | {"d_model": 400})
    expected = {"tokens.weight": 400**-0.2, "layers.0.attn.q.weight": 400**-0.4, "output.weight": 400**-0.9}
    expected["layers.1.ffn.up.weight"] = 400**-0.6
    by_name = {parameter.name: parameter for parameter in parameters(spec)}
    assert {name: standard_deviation(by_name[name], init) for name in expected} == pytest.approx(expected)
    only = InitSpec.from_config(facts["model"]["init"] | {"gamma": 0.5, "parts": {"output": 0.9}})
    assert standard_deviation(by_name["tokens.weight"], only) == pytest.approx(400**-0.5)


def largest_model() -> int:
    """Trained numbers of the largest model that any scale configures: GPT-2 medium."""
    config = load_config({"scale": "paper"})
    specs = {
        ModelSpec.from_config(run_facts(config, name, point)["model"])
        for name, study in config["studies"].items()
        for point in list(study_points(study))[:1]
    }
    return max(sum(int(np.prod(p.shape)) for p in parameters(spec)) for spec in specs)


def test_norms_are_exact_in_float32_at_the_largest_configured_size():
    """One float32 sum over 85 million numbers is off by a per cent; clipping and the log would be wrong."""
    size = largest_model()
    assert size > 300e6
    x = torch.linspace(0.5e-3, 1.5e-3, size)[None]
    exact = np.sqrt(sum(float((part.double() ** 2).sum()) for part in x[0].split(2**22)))
    assert float(row_norms(x)[0]) == pytest.approx(exact, rel=2e-7)
    for short in (1, 4095, 4096, 4097):
        assert float(row_norms(x[:, :short])[0]) == pytest.approx(float(x[0, :short].double().norm()), rel=1e-6)


def test_largest_loss_and_gradient_since_the_last_row(facts, data, tmp_path):
    facts["evaluation"]["every"] = "1 steps"
    each, _, _ = trained(facts, data, tmp_path / "each")
    facts["evaluation"]["every"] = "20 steps"
    rows, _, _ = trained(facts, data, tmp_path / "rows")
    for name in ("loss", "grad_norm"):
        assert rows[f"max_{name}"][1:] == [max(each[name][i + 1 : i + 21]) for i in (0, 20, 40)]
        assert rows[name][1:] == pytest.approx([np.mean(each[name][i + 1 : i + 21]) for i in (0, 20, 40)], rel=1e-12)


def test_weights_say_what_they_are_and_snapshots_are_read_back(facts, data, folder, tmp_path):
    facts["evaluation"]["snapshots"] = 4
    _, weights, _ = trained(facts, data, tmp_path / "run")
    with safe_open(tmp_path / "run" / "weights.safetensors", "pt") as stream:
        said = json.loads(stream.metadata()["run"])
    assert said == {"facts": facts, "step": 60}
    run = open_run(tmp_path / "run", folder)
    snapshots = run.snapshots()
    assert list(snapshots) == [0, 1, 8, 60]
    assert all(torch.equal(snapshots[60][name], weights[name]) for name in weights)
    initial = run.initial_weights()
    assert all(torch.equal(snapshots[0][name], initial[name]) for name in weights)
    logits = F.log_softmax(run.model()(data.tokens_Nn[:2]), -1)
    assert torch.isfinite(logits).all()
