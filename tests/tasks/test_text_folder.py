"""Language modelling on a folder of the user's own."""

from __future__ import annotations

import pytest

from initscale.config.load import load_config
from initscale.errors import ConfigError, InputError
from initscale.experiment.grid import run_facts, study_points
from initscale.experiment.paths import Layout
from initscale.files.storage import read_table
from initscale.inspection.currency import Currency
from initscale.records.code import code_hash, data_roots
from initscale.stages.generate_data import generate_data
from initscale.stages.train import train_runs
from initscale.tasks.text.tensors import stream


@pytest.fixture
def corpus(tmp_path):
    folder = tmp_path / "corpus"
    (folder / "inner").mkdir(parents=True)
    for number in range(12):
        (folder / "inner" / f"{number}.py").write_text(f"x = {number}\n" * 40, encoding="utf-8")
    (folder / "picture.py").write_bytes(b"\xff\xfe\x00" * 500)
    (folder / ".hidden.py").write_text("secret = 1\n" * 500)
    (folder / "readme.md").write_text("prose\n" * 500)
    return folder


def with_folder(corpus, **more) -> dict:
    code = {"source": "folder", "folder": str(corpus), "pattern": "**/*.py", "train_bytes": 2000, "test_bytes": 400}
    results = str(corpus.parent / "results")
    return load_config({"scale": "smoke", "results": results, "datasets": {"code": code | {"context": 16} | more}})


def test_splits_are_of_different_files_that_are_text(corpus, tmp_path):
    spec = with_folder(corpus)["datasets"]["code"]
    info = generate_data(spec, tmp_path / "data")
    names = {
        split: read_table(tmp_path / "data" / f"{split}.parquet")["document"].to_pylist() for split in ("train", "test")
    }
    assert not set(names["train"]) & set(names["test"])
    assert all(name.startswith("inner/") for name in (*names["train"], *names["test"]))
    table = read_table(tmp_path / "data" / "train.parquet")
    assert b"secret" not in bytes(stream(spec, table, "code", "train").tolist())
    assert info["sources"]["train"]["folder_code"] == str(corpus)
    again = generate_data(spec, tmp_path / "again")
    assert again["content_hash"] == info["content_hash"]
    assert generate_data(spec | {"seed": 1}, tmp_path / "other")["content_hash"] != info["content_hash"]


def test_the_study_of_fig_17b_trains_on_it(corpus):
    config = with_folder(corpus)
    layout, study = Layout(config), config["studies"]["text_code"]
    point = next(study_points(study))
    generate_data(config["datasets"]["code"], layout.data_folder("code"))
    assert Currency(config).data("code").is_current
    facts = run_facts(config, "text_code", point)
    facts["training"] = facts["training"] | {"duration": "5 steps", "warmup": "0 steps"}
    train_runs([facts], layout.data_folder("code"), [layout.run_folder("text_code", point)], config["execution"])
    history = read_table(f"{layout.run_folder('text_code', point)}/history.parquet")
    assert history["loss_test_code"].to_numpy()[-1] < history["loss_test_code"].to_numpy()[0]


def test_other_sources_keep_their_identity(corpus, smoke):
    spec = smoke["datasets"]["code"]
    assert code_hash(data_roots("text", spec)) == code_hash(data_roots("text"))
    assert code_hash(data_roots("text", with_folder(corpus)["datasets"]["code"])) != code_hash(data_roots("text"))


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"folder": "/nowhere/at/all"}, "is no folder"),
        ({"domains": ["code", "prose"]}, "names no folder for the domain `prose`"),
        ({"folder": {"prose": "x"}}, "names no folder for the domain `code`"),
        ({"train_bytes": 100_000}, r"too little text: [\d,]+ of 100,000 bytes of the train split"),
        ({"pattern": "*.txt"}, "too little text: 0 of 400 bytes of the test split"),
    ],
)
def test_what_cannot_be_read(corpus, tmp_path, change, words):
    with pytest.raises(InputError, match=words):
        generate_data(with_folder(corpus, **change)["datasets"]["code"], tmp_path / "data")


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"source": "python"}, "goes with it only"),
        ({"folders": "x"}, "did you mean `folder`"),
    ],
)
def test_sections_that_are_refused(corpus, change, words):
    with pytest.raises(ConfigError, match=words):
        with_folder(corpus, **change)
