"""The calibration's table and figure, on hand-made runs."""

from __future__ import annotations

import pandas as pd
import pytest

from initscale.config.load import load_config
from initscale.experiment.grid import run_facts, study_points
from initscale.experiment.paths import Layout
from initscale.figures.calibration import drawing as drawing
from initscale.figures.calibration import table as aggregate
from initscale.files.storage import write_json, write_table
from initscale.training.history import history_table

ACCURACIES = ("test", "4_3_symmetric_train_keys", "4_3_inferential_train_keys")


@pytest.fixture
def config(tmp_path) -> dict:
    """The calibration with the last history of every run made up: inferential accuracy = gamma / 2."""
    config = load_config({"scale": "calibration", "results": str(tmp_path)})
    layout = Layout(config)
    for study in config["figures"]["calibration"]["studies"]:
        for point in study_points(config["studies"][study]):
            write_json(
                f"{layout.run_folder(study, point)}/run.json",
                {"facts": run_facts(config, study, point), "train_seconds": 7.0},
            )
            write_table(f"{layout.run_folder(study, point)}/history.parquet", history_table(rows(point["gamma"])))
    return config


def rows(gamma: float) -> list[dict]:
    first = {
        "epoch": 0.0,
        "lr": 0.0,
        "grad_norm": 0.0,
        "max_loss": 5.0,
        "max_grad_norm": 0.0,
        "weight_norm": 1.0,
        "embedding_norm": 1.0,
    }
    first |= {"embedding_eigenvalues": [1.0], "step": 0, "loss": 5.0} | {f"acc_{name}": 0.0 for name in ACCURACIES}
    last = {"step": 900, "loss": 0.1, "acc_test": 0.9, "acc_4_3_inferential_train_keys": gamma / 2}
    return [first, first | last]


def test_table_takes_the_last_row_and_the_facts_of_each_run(config):
    data = aggregate.table(config).to_pandas()
    assert len(data) == 7 * 3
    assert (data["inferential"] == data["gamma"] / 2).all()
    assert set(data["stopped_at"]) == {900}
    changed = {study: drawing.title(part, data[data["study"] == "phase"]) for study, part in data.groupby("study")}
    assert changed == {
        "phase": "baseline",
        "weak_decay": "weight decay 0.01",
        "small_batch": "batch 512",
        "high_rate": "peak rate 0.0014",
        "narrow": "width 64",
        "few_values": "values 40",
        "five_tokens": "length 5",
    }
    narrow = data[data["study"] == "narrow"]
    assert narrow["lr_over_std"].tolist() == pytest.approx((7e-4 * 64 ** narrow["gamma"]).tolist())


def test_baseline_is_the_laptop_scale_with_half_the_steps(config):
    laptop = load_config({"scale": "laptop"})
    point = {"gamma": 1.1, "depth": 2, "seed": 0}
    facts, wanted = run_facts(config, "phase", point), run_facts(laptop, "phase", point)
    for key in ("duration", "warmup"):
        half, whole = (int(run["training"].pop(key).removesuffix(" steps")) for run in (facts, wanted))
        assert 2 * half == whole
    assert facts == wanted


def test_drawing_shows_every_study(config):
    table = aggregate.table(config)
    (figure,) = drawing.draw(table, config["figures"]["calibration"]).values()
    assert sum(axis.get_visible() for axis in figure.axes) == table.to_pandas()["study"].nunique()
    lines = {line.get_label(): line.get_ydata() for line in figure.axes[0].lines}
    pd.testing.assert_index_equal(pd.Index(lines["unseen pair, inferential"]), pd.Index([0.25, 0.4, 0.55]))
