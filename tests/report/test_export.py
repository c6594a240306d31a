"""Histories for other tools: read back with TensorBoard's own reader and with pandas, they are what the runs hold."""

from __future__ import annotations

import math
import sys
from pathlib import Path

import pandas as pd
import pytest
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

from initscale.cli import main as cli
from initscale.cli import results as cli_results
from initscale.config.load import load_config
from initscale.errors import InputError
from initscale.experiment.grid import study_points
from initscale.experiment.paths import Layout, point_key
from initscale.files.storage import read_table
from initscale.report import export


@pytest.fixture
def config(finished_smoke) -> dict:
    return load_config({"scale": "smoke", "results": str(finished_smoke.root / "results")})


@pytest.fixture
def point(config) -> dict:
    return next(iter(study_points(config["studies"]["phase"])))


def history(config: dict, point: dict) -> pd.DataFrame:
    return read_table(Path(Layout(config).run_folder("phase", point)) / "history.parquet").to_pandas()


def test_event_files_hold_every_number_of_the_history(config, point, tmp_path):
    (folder,) = export.export(config, "phase", [point], tmp_path, ["tensorboard"])
    assert folder == tmp_path / "phase" / point_key(point)
    events, rows = EventAccumulator(str(folder)).Reload(), history(config, point)
    for column, tag in (("loss", "loss"), ("acc_test", "acc/test"), ("weight_norm", "weight_norm")):
        known = rows[~rows[column].isna()]
        assert [one.step for one in events.Scalars(tag)] == known["step"].tolist()
        assert [one.value for one in events.Scalars(tag)] == pytest.approx(known[column].tolist(), rel=1e-6)
    largest = [row[0] for row in rows["embedding_eigenvalues"]]
    assert [one.value for one in events.Scalars("embedding_eigenvalues_1")] == pytest.approx(largest, rel=1e-6)
    assert "step" not in events.Tags()["scalars"]
    assert events.SummaryMetadata("_hparams_/session_start_info").plugin_data.plugin_name == "hparams"


def test_exported_twice_is_there_once(config, point, tmp_path):
    for _ in range(2):
        (folder,) = export.export(config, "phase", [point], tmp_path, ["tensorboard"])
    assert len(list(folder.iterdir())) == 1


def test_csv_holds_every_run_with_its_axes(config, tmp_path):
    points = list(study_points(config["studies"]["phase"]))
    (path,) = export.export(config, "phase", points, tmp_path, ["csv"])
    table = pd.read_csv(path)
    assert list(table.columns[: len(points[0])]) == list(points[0])
    for point in points:
        rows = table[(table[list(point)] == pd.Series(point)).all(axis=1)]
        assert rows["loss"].tolist() == pytest.approx(history(config, point)["loss"].tolist(), nan_ok=True)


def test_runs_that_are_not_finished_are_refused(tmp_path):
    config = load_config({"scale": "smoke", "results": str(tmp_path)})
    with pytest.raises(InputError, match="no run that was asked for is finished"):
        export.export(config, "phase", list(study_points(config["studies"]["phase"])), tmp_path, ["csv"])


def test_without_tensorboard_the_extra_is_named(config, point, tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "torch.utils.tensorboard", None)
    with pytest.raises(InputError, match=r"initscale\[export\]"):
        export.export(config, "phase", [point], tmp_path, ["tensorboard"])


def test_fewer_eigenvalues_than_exported_are_nan():
    wide = export.scalars(pd.DataFrame({"step": [0], "embedding_eigenvalues": [[2.0, 1.0]]}))
    assert wide["embedding_eigenvalues_1"].tolist() == [2.0]
    assert math.isnan(wide["embedding_eigenvalues_3"][0])


def test_command_writes_what_is_selected(config, point, tmp_path, capsys):
    words = ["export", "phase", "--scale", "smoke", "--results", config["results"], "--to", str(tmp_path)]
    select = [f"{axis}={value}" for axis, value in point.items()]
    assert cli.main([*words, "--select", *select, "--format", "csv"]) == 0
    assert len(pd.read_csv(capsys.readouterr().out.strip())) == len(history(config, point))
    assert cli.main([*words[:1], "fase", *words[2:]]) != 0
    assert "`fase` is not a known study" in capsys.readouterr().err
    assert cli_results.EXPORTS == export.FORMATS
