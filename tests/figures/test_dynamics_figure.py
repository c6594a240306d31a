"""Table and drawing of fig_dynamics: events of made-up courses, and the figure of made-up runs."""

from __future__ import annotations

import math

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import pyarrow as pa
import pytest

from initscale.config.load import load_config
from initscale.experiment.grid import study_points
from initscale.experiment.paths import Layout
from initscale.figures.fig_dynamics import drawing as drawing
from initscale.figures.fig_dynamics import table as fig_dynamics
from initscale.figures.fig_dynamics.table import events, since
from initscale.files.storage import write_table

STEPS = (0, 20, 40, 60)
COURSES = {  # quantity, part -> value at each of STEPS, times 1 + seed for ranks
    ("change_stable_rank", "layers.0.qk"): [math.nan, 1.0, 1.0, 1.0],
    ("change_stable_rank", "layers.1.qk"): [math.nan, 1.0, 2.0, 2.0],
    ("change_stable_rank", "layers.0.mlp.up"): [math.nan, 9.0, 9.0, 9.0],
    ("change_stable_rank", "ffn"): [math.nan, 1.0, 3.0, 4.0],
    ("change_stable_rank", "output"): [math.nan, 1.0, 1.1, 1.5],
    ("entropy_last", "layer1"): [1.0, 1.0, 1.0, 1.0],
    ("entropy_last", "layer2"): [1.0, 0.4, 0.6, 0.3],
    ("lambda_max", ""): [1.0, 50.0, 20.0, 10.0],
    ("lambda_preconditioned", ""): [1.0, 2.0, 3.0, 4.0],
    ("kernel_cosine", ""): [1.0, 0.9, 0.8, 0.7],
    ("output_relative", ""): [1.0, 1.1, 1.2, 1.3],
    ("parameters_relative", ""): [0.0, 0.1, 0.2, 0.3],
    ("logit_norm", "layer1"): [7.0, 7.0, 7.0, 7.0],
}
HISTORY = {
    "loss": [3.0, 2.0, 1.0, 0.1],
    "lr": [1e-5, 2e-3, 1e-3, 1e-5],
    "acc_test": [0.0, 0.4, 0.9, 1.0],
    "acc_4_3_inferential_train_keys": [0.0, 0.6, 0.4, 0.9],
    "acc_4_3_symmetric_train_keys": [0.0, 0.6, 0.4, 0.1],
}


@pytest.fixture(scope="module")
def config(tmp_path_factory) -> dict:
    config = load_config({"scale": "smoke", "results": str(tmp_path_factory.mktemp("results"))})
    layout = Layout(config)
    for point in study_points(config["studies"]["dynamics"]):
        rows = [
            {"quantity": quantity, "part": part, "i": step, "j": -1, "value": value * (1 + point["seed"])}
            for (quantity, part), values in COURSES.items()
            for step, value in zip(STEPS, values, strict=True)
        ]
        write_table(layout.probe_file("dynamics", point, "dynamics"), pa.Table.from_pylist(rows))
        write_table(f"{layout.run_folder('dynamics', point)}/history.parquet", pa.table({"step": STEPS} | HISTORY))
    return config


@pytest.fixture(scope="module")
def table(config) -> pa.Table:
    return fig_dynamics.table(config)


def course(values, steps=STEPS) -> pd.DataFrame:
    return pd.DataFrame({"step": steps, "value": values})


@pytest.mark.parametrize(
    ("values", "step"),
    [
        ([0, 1, 1, 1], 20),
        ([1, 0, 0, 1], 60),  # it must hold to the end
        ([1, 1, 1, 1], 0),
        ([0, 1, 1, 0], math.nan),
        ([0, 0, 0, 0], math.nan),
        ([0, 1, math.nan, 1], 60),  # a missing number does not hold
    ],
)
def test_since_is_the_first_step_from_which_on_it_holds(values, step):
    assert since(course(values), above=0.5) == pytest.approx(step, nan_ok=True)
    assert since(course(1 - np.array(values)), below=0.5) == pytest.approx(step, nan_ok=True)


def test_events_of_a_run_and_the_rank_at_equal_loss(table, config):
    rows = table.to_pandas()
    run = rows[(rows["gamma"] == 0.8) & (rows["seed"] == 0)]
    found = run[run["quantity"] == "event"].set_index("part")["value"]
    low, high = config["datasets"]["anchor"]["values"]
    assert 1.0 < math.log(high - low + 1) / 2 < 2.0
    assert found.dropna().to_dict() == {
        "loss": 40, "output_rank": 60, "ffn_rank": 40, "attention": 60, "seen": 40, "inferential": 60, "sharpest": 20,
    }  # fmt: skip
    assert np.isnan(found["symmetric"])
    assert run.loc[run["quantity"] == "ffn_rank_at_equal_loss", "value"].item() == 3.0
    other = rows[(rows["seed"] == 1) & (rows["quantity"] == "ffn_rank_at_equal_loss")]["value"]
    assert set(other) == {6.0}


def test_a_run_that_never_leaves_guessing_has_no_rank_at_equal_loss():
    rows = [
        {"quantity": quantity, "part": part, "step": step, "value": value}
        for (quantity, part), values in COURSES.items()
        for step, value in zip(STEPS, values, strict=True)
    ]
    rows += [{"quantity": "loss", "part": "", "step": step, "value": 9.0} for step in STEPS]
    parts = ("seen", "inferential", "symmetric")
    rows += [{"quantity": "accuracy", "part": part, "step": step, "value": 0.0} for part in parts for step in STEPS]
    found = events(pd.DataFrame(rows), guessing=3.0).set_index(["quantity", "part"])["value"]
    assert np.isnan(found["event", "loss"])
    assert np.isnan(found["ffn_rank_at_equal_loss", "ffn"])


def test_table_keeps_what_is_drawn(table):
    rows = table.to_pandas()
    kept = rows[rows["quantity"] == "change_stable_rank"]["part"].unique()
    assert set(kept) == {"layers.0.qk", "layers.1.qk", "ffn", "output"}
    assert "logit_norm" not in set(rows["quantity"])
    assert set(rows.loc[rows["quantity"] == "accuracy", "part"]) == {"seen", "inferential", "symmetric"}
    assert not rows.duplicated(["gamma", "seed", "quantity", "part", "step"]).any()


def test_drawing_has_a_column_per_gamma_and_the_means_of_its_seeds(table, config):
    options = config["figures"]["fig_dynamics"] | config["figures"]["style"]
    (figure,) = drawing.draw(table.select(list(drawing.NEEDS)), options).values()
    gammas = sorted(table["gamma"].unique().to_pylist())
    axes = np.array(figure.axes).reshape(-1, len(gammas))
    assert [axis.get_title() for axis in axes[0]] == [rf"$\gamma$ = {gamma:g}" for gamma in gammas]
    line = next(line for line in axes[0, 0].lines if line.get_label() == "feed-forward")
    assert list(line.get_xdata()) == [20, 40, 60]  # the first step, before any rank, is left out
    np.testing.assert_allclose(line.get_ydata(), np.sqrt([1 * 2, 3 * 6, 4 * 8]))  # geometric mean of two seeds
    assert axes[0, 0].lines[-1].get_xdata()[0] == 20  # grey bar: the peak of the rate
    dots = [line for line in axes[-1, 0].lines if line.get_linestyle() == "None"]
    assert sorted(dots[0].get_xdata()) == [40, 40]  # the loss, two seeds
    assert len(dots[6].get_xdata()) == 0  # symmetric answers: not at the end
    plt.close("all")
