"""A model and data of the user's own: the same training as the engines, identity of their code, errors."""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import torch
from safetensors.torch import load_file
from torch.nn import functional as F

import initscale
from initscale.errors import ConfigError, InitscaleError, InputError, OutputError
from initscale.experiment.grid import run_facts, study_points
from initscale.experiment.paths import Layout
from initscale.files.storage import read_json, read_table
from initscale.inspection.currency import CODE, Currency
from initscale.provenance import definitions
from initscale.records import code as identities
from initscale.records.code import code_hash, data_roots, training_code
from initscale.stages.train import train_runs
from initscale.sweep.data import definition as own_task
from initscale.sweep.data import generate as own_data
from initscale.sweep.data.tensors import load
from initscale.sweep.run import run_sweep
from initscale.sweep.settings import Sweep, sweep_config
from initscale.training.module_trainer import Trainer

SHAPE = {"d_model": 16, "n_heads": 1, "d_head": 8, "d_ff": 32, "depth": 1, "vocabulary": 12, "max_positions": 4}
SHAPE |= {"norm": "post", "activation": "relu", "final_norm": False}
MODEL = f"""
from initscale.models.decoder import Decoder
from initscale.models.initializations import initial_weights_of
from initscale.models.spec import ModelSpec
from helper import EMBEDDING
import torch

SHAPE = {SHAPE}

def build(vocabulary, gamma, seed):
    init = {{"gamma": gamma, "axis": "input", "embedding": EMBEDDING}}
    weights = initial_weights_of(SHAPE | {{"init": init}}, seed)
    return Decoder.with_weights(ModelSpec.from_config(SHAPE), weights)  # the project's own

def data(seed):
    tokens = torch.randint(12, (200, 4), generator=torch.Generator().manual_seed(seed))
    labels = (tokens[:, 0] + tokens[:, -1]) % 12
    return {{"train": (tokens[:160], labels[:160]), "unseen": (tokens[160:], labels[160:])}}

def every(seed):
    tokens = data(seed)["train"][0]
    labels = tokens.roll(-1, 1)
    labels[:, -1] = -100
    return {{"train": (tokens, labels)}}
"""


def forget() -> None:
    """A new process would have none of these in memory."""
    for name in ("own_module", "helper"):
        sys.modules.pop(name, None)
    identities._of_roots.cache_clear()
    own_data.given.cache_clear()
    for name in ("_folder_of", "read_source", "_digest_and_uses"):
        getattr(definitions, name).cache_clear()
    for found in (definitions.module_file,):
        getattr(found, "cache_clear", lambda: None)()


@pytest.fixture
def folder(tmp_path, monkeypatch) -> Path:
    """A folder with the user's modules, to work in."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "path", list(sys.path))
    (tmp_path / "own_module.py").write_text(MODEL)
    (tmp_path / "helper.py").write_text('EMBEDDING = "width"\n')
    forget()
    yield tmp_path
    forget()


def sweep(**more) -> dict:
    named = {"model": "own_module:build", "data": "own_module:data", "gammas": (0.5, 0.8), "seeds": 1}
    return sweep_config(Sweep(**{**named, "duration": "20 steps", "recipe": {"batch": 32}, **more}))


def the_run(config: dict, gamma: float = 0.5) -> tuple[dict, str, str]:
    """Facts, folder and data folder of a run of seed 0."""
    (study,), layout = config["studies"], Layout(config)
    point = next(point for point in study_points(config["studies"][study]) if point["gamma"] == gamma)
    return run_facts(config, study, point), layout.run_folder(study, point), layout.data_folder(study)


@pytest.fixture
def finished(folder) -> dict:
    config = sweep()
    list(run_sweep(config))
    return config


def test_is_the_same_training_as_on_the_engines(finished, tmp_path, monkeypatch):
    """The project's decoder as the user's model: bit-equal to the plain engine, near the fast one."""
    facts, own, data = the_run(finished)
    decoder = facts | {"model": SHAPE | {"init": facts["model"]["init"]}}
    plain = decoder | {"model": decoder["model"] | {"builder": "decoder"}}
    train_runs([plain], data, [tmp_path / "plain"], finished["execution"])
    monkeypatch.setattr(own_task, "TRAINER", "last_token_trainer")
    train_runs([decoder], data, [tmp_path / "fast"], finished["execution"])
    weights = [load_file(Path(where) / "weights.safetensors") for where in (own, tmp_path / "plain", tmp_path / "fast")]
    assert weights[0].keys() == weights[1].keys() == weights[2].keys()
    assert all(torch.equal(weights[0][name], weights[1][name]) for name in weights[0])
    histories = [
        read_table(Path(where) / "history.parquet").to_pandas()
        for where in (own, tmp_path / "plain", tmp_path / "fast")
    ]
    pd.testing.assert_frame_equal(histories[0], histories[1], check_exact=True)  # nan, in the first row, is equal
    for name in ("loss", "grad_norm", "weight_norm"):
        ours, fast = (table[name].to_numpy()[1:] for table in (histories[0], histories[2]))
        np.testing.assert_allclose(ours, fast, rtol=1e-3, err_msg=name)
    assert len(histories[0]) == 11


def test_figure_and_measures(finished):
    layout = Layout(finished)
    rows = read_table(layout.table("fig_sweep")).to_pandas()
    assert set(rows["gamma"]) == {0.5, 0.8}
    assert set(rows.loc[rows["kind"] == "accuracy", "part"]) == {"train", "unseen"}
    assert Path(layout.figure("fig_sweep", "png")).stat().st_size > 10_000
    facts, folder, _ = the_run(finished)
    run = initscale.load(folder)
    last = rows.query("gamma == 0.5 and kind == 'accuracy' and part == 'unseen'")["value"].item()
    assert last == run.history["acc_unseen"].iloc[-1]
    measured = run.probes["layers"].set_index(["quantity", "part"])["value"]
    weight = "layers.0.attn.q.weight"
    assert measured["stable_rank", weight] == pytest.approx(initscale.stable_rank(run.weights[weight]))
    assert measured["initial_std", weight] == pytest.approx(16**-0.5, rel=0.2)
    ratio = rows.query("gamma == 0.5 and kind == 'stable_rank'").set_index("part")["value"][weight]
    assert ratio == pytest.approx(measured["stable_rank", weight] / measured["initial_stable_rank", weight])
    tokens = torch.zeros(1, 4, dtype=torch.long)
    assert run.model()(tokens).shape == (1, 4, 12)
    assert facts["model"]["options"]["function"] == "own_module:build"


def test_a_second_sweep_makes_only_what_is_new(finished):
    before = {path: path.stat().st_mtime_ns for path in Path("results").rglob("run.json")}
    assert len(before) == 2
    list(run_sweep(sweep(gammas=(0.5, 0.8, 1.0))))
    assert all(path.stat().st_mtime_ns == time for path, time in before.items())
    assert len(list(Path("results").rglob("run.json"))) == 3


@pytest.mark.parametrize(
    ("file", "old", "new", "model_changes", "data_changes"),
    [
        ("own_module.py", "# the project's own", "# another comment", False, False),
        ("own_module.py", "initial_weights_of(SHAPE |", "initial_weights_of(dict(SHAPE) |", True, False),
        ("own_module.py", "% 12", "% 11", False, True),
        ("helper.py", '"width"', "0.02", True, True),
    ],
)
def test_an_edit_makes_stale_what_depends_on_it(folder, file, old, new, model_changes, data_changes):
    config = sweep()
    facts, _, _ = the_run(config)
    spec = facts["dataset"]
    before = training_code(facts), code_hash(data_roots(spec["task"], spec))
    text = (folder / file).read_text()
    assert old in text
    (folder / file).write_text(text.replace(old, new))
    forget()
    after = training_code(facts), code_hash(data_roots(spec["task"], spec))
    assert [a != b for a, b in zip(before, after, strict=True)] == [model_changes, data_changes]


def test_runs_of_an_edited_model_are_trained_again(finished, folder):
    text = MODEL.replace("initial_weights_of(SHAPE |", "initial_weights_of(dict(SHAPE) |")
    (folder / "own_module.py").write_text(text)
    forget()
    config = sweep()
    (study,) = config["studies"]
    assert {Currency(config).run(study, p).kind for p in study_points(config["studies"][study])} == {CODE}
    _, run, _ = the_run(config)
    before = read_json(f"{run}/run.json")["code"]
    list(run_sweep(config))
    assert read_json(f"{run}/run.json")["code"] != before


def test_runs_of_other_settings_are_not_replaced(finished):
    other = sweep(recipe={"batch": 16})
    with pytest.raises(OutputError, match=r"batch was 32, now 16.*--name OTHER"):
        list(run_sweep(other))
    list(run_sweep(sweep(recipe={"batch": 16}, overrides={"overwrite": True})))


def test_labels_at_every_position(folder):
    config = sweep(data="own_module:every", name="every", gammas=(0.5,))
    facts, run, data = the_run(config)
    list(run_sweep(config))
    read = load(facts["dataset"], data, 100)
    trainer = Trainer([facts], read, torch.device("cpu"))
    index = torch.arange(32)
    logits = initscale.load(run).model()(read.tokens_Nn[index])
    trainer.flat.load(0, initscale.load(run).weights)
    expected = F.cross_entropy(logits[:, :3].flatten(0, 1), read.tokens_Nn[index, 1:].flatten())
    assert float(trainer._loss_and_gradients(0, index, 0).detach()) == pytest.approx(float(expected.detach()), rel=1e-5)
    right = (initscale.load(run).model()(read.tokens_Nn).argmax(-1)[:, :3] == read.tokens_Nn[:, 1:]).double()
    assert initscale.load(run).history["acc_train"].iloc[-1] == pytest.approx(float(right.mean()))


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ('{"train": (tokens[:160], labels[:160]), ', "{", "has no split `train`"),
        ("labels[:160]), ", "labels[:150]), ", r"split `train`.*labels \(150,\)"),
        ("% 12", "% 12 + 0.5", "integers are needed"),
        ("% 12", "- 20", "below 0"),
        ('"unseen"', '"not seen"', "no column name"),
        ("return {", "raise KeyError('x')\n    return {", "own_module:data: raised KeyError"),
        ("def data(seed)", "def other(seed)", "has no function `data`"),
    ],
)
def test_data_that_cannot_be_used(folder, old, new, words):
    assert old in MODEL
    (folder / "own_module.py").write_text(MODEL.replace(old, new))
    with pytest.raises(InitscaleError, match=words):
        sweep()


@pytest.mark.parametrize(
    ("body", "words"),
    [
        ("return 3", "gave a int"),
        ("return torch.nn.Embedding(vocabulary, 5)", r"gave \(2, 4, 5\).*\(2, 4, 12\) are needed"),
        ("return torch.nn.Embedding(vocabulary, vocabulary).double()", "float64"),
        ("return torch.nn.Embedding(3, vocabulary).requires_grad_(False)", "no parameter"),
        ("return torch.nn.Sequential(torch.nn.Embedding(12, 12), torch.nn.BatchNorm1d(4))", "running statistics"),
        ("return torch.nn.Linear(3, 3)", "its module raised"),
        ("raise ValueError('x')", "own_module:build: raised ValueError: x"),
    ],
)
def test_models_that_cannot_be_used(folder, body, words):
    head, _, _ = MODEL.partition("    init = ")
    (folder / "own_module.py").write_text(f"{head}    {body}\n\ndef data{MODEL.partition('def data')[2]}")
    with pytest.raises(InputError, match=words):
        list(run_sweep(sweep()))


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"model": "own_module"}, "not of the form module:function"),
        ({"model": "nowhere:build"}, "run the command in the folder of nowhere.py"),
        ({"gammas": (0.333,)}, "cannot be told from 0.33"),
        ({"duration": "10 stps"}, r"training\.own_module\.duration"),
        ({"name": "laptop"}, "name of a scale"),
        ({"vocabulary": 5}, "12 tokens|vocabulary"),
        ({"recipe": {"batch": 500}}, "larger than the training data"),
        ({"overrides": {"training": {"own_module": {"learning_rate": 1}}}}, "unknown key `learning_rate`"),
    ],
)
def test_settings_that_cannot_be_used(folder, change, words):
    with pytest.raises(ConfigError, match=words):
        sweep(**change)


def test_two_processes_give_the_same(finished, tmp_path):
    facts = [the_run(finished, gamma)[0] for gamma in (0.5, 0.8)]
    data = the_run(finished)[2]
    folders = [tmp_path / "a", tmp_path / "b"]
    train_runs(facts, data, folders, finished["execution"] | {"processes": 2})
    for gamma, folder in zip((0.5, 0.8), folders, strict=True):
        own = load_file(Path(the_run(finished, gamma)[1]) / "weights.safetensors")
        assert all(torch.equal(value, own[name]) for name, value in load_file(folder / "weights.safetensors").items())
