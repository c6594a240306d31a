"""Figures 2c and 14 to 16: their tables and drawings from made-up runs."""

from __future__ import annotations

import math
import re
from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
from made_up_runs import made_up_run, write_probes

from initscale.claims.definitions import load_claims
from initscale.claims.verdicts import judge_metric
from initscale.config.load import load_config
from initscale.experiment.grid import study_points
from initscale.experiment.paths import Layout, find_point, point_key, point_pattern, wildcard_constraints
from initscale.figures import declared
from initscale.figures.fig2c import table as fig2c
from initscale.figures.fig14 import table as fig14
from initscale.figures.fig14.drawing import estimate_text
from initscale.figures.fig15 import table as fig15
from initscale.figures.fig16 import table as fig16
from initscale.figures.panels.single_runs import rate_text
from initscale.files.parts import part_path, split
from initscale.files.storage import write_table
from initscale.probes.condensation.measure import WEIGHT
from initscale.stages.figure import draw as draw_stage

TABLES = {"fig2c": fig2c, "fig14": fig14, "fig15": fig15, "fig16": fig16}


def inferential(point: dict) -> float:
    """Made-up accuracy: rises with gamma, or with learning rate and weight decay; a little with the seed."""
    rate = (
        math.log10(point["lr"]) / 10 + math.log10(point["weight_decay"]) / 50 if "lr" in point else point["gamma"] - 1
    )
    return 0.6 + rate + point["seed"] / 1000


def write_histories(config: dict, study: str) -> None:
    for point in study_points(config["studies"][study]):
        rows = {"step": [0, 60], "acc_test": [0.0, 1.0 if point["seed"] else 0.8]}
        rows["acc_4_3_inferential_train_keys"] = [0.0, inferential(point)]
        rows["acc_4_3_symmetric_train_keys"] = [0.0, 0.9 - inferential(point)]
        write_table(f"{Layout(config).run_folder(study, point)}/history.parquet", pa.table(rows))


@pytest.fixture(scope="module")
def config(tmp_path_factory) -> dict:
    """The smoke configuration with four runs of everything, histories and probes made up."""
    seeds = {"grid": {"seed": [0, 1, 2, 3]}}
    studies = {"gpt2": seeds, "lrwd": {**seeds, "more": [{"weight_decay": [1.0]}]}}
    results = str(tmp_path_factory.mktemp("results"))
    config = load_config({"scale": "smoke", "results": results, "studies": studies})

    def run(point: dict):
        w = np.ones((12, 24)) if point["weight_decay"] == 1.0 else np.eye(12, 24)
        return made_up_run(config, point, {WEIGHT: w}, study="lrwd")

    write_probes(config, run, ("condensation", "embedding"), "lrwd")
    for study in ("gpt2", "gpt2_pre", "lrwd"):
        write_histories(config, study)
    return config


@pytest.fixture(autouse=True)
def close_figures():
    yield
    plt.close("all")


def drawn(config: dict, figure: str) -> dict:
    import importlib

    module = importlib.import_module(f"initscale.figures.{figure}.drawing")
    table = TABLES[figure].table(config).select(list(module.NEEDS)).replace_schema_metadata({"caption": "made up"})
    return module.draw(table, config["figures"][figure] | config["figures"]["style"])


class TestFig2c:
    def test_table_has_both_mappings_of_every_run_at_its_end(self, config):
        data = fig2c.table(config).to_pandas()
        assert len(data) == 2 * 2 * 2 * 4  # studies, mappings, gammas, seeds
        for row in data.itertuples():
            value = inferential({"gamma": row.gamma, "seed": row.seed})
            assert row.accuracy == pytest.approx(value if row.mapping == "inferential" else 0.9 - value)
            assert (row.norm, row.step) == ("pre" if row.study == "gpt2_pre" else "post", 60)
        assert set(data["embedding_std"]) == {24**-0.3, 24**-0.8}

    def test_error_bars_are_standard_deviations_over_runs(self, config):
        (figure,) = drawn(config, "fig2c").values()
        post, pre = figure.axes[:2]
        assert [axis.get_title("left") for axis in (post, pre)] == [
            "post-norm, 2 layers, 3 heads",
            "pre-norm, 2 layers, 3 heads",
        ]
        for axis in (post, pre):
            bars = {container.get_label(): container for container in axis.containers}
            line, _, (segments,) = bars["unseen pair, inferential"]
            np.testing.assert_allclose(line.get_xydata(), [[0.3, -0.0985], [0.8, 0.4015]])
            lengths = [np.ptp(segment[:, 1]) for segment in segments.get_segments()]
            np.testing.assert_allclose(lengths, 2 * np.std([0.0, 0.001, 0.002, 0.003], ddof=1))

    def test_caption_says_what_differs_from_the_paper(self, config):
        caption = fig2c.table(config).schema.metadata[b"caption"].decode()
        assert "3 head(s), post-norm, GELU; AdamW" in caption
        assert "`gpt2_pre`: the same with norm pre, final_norm True" in caption
        assert "4 run(s) per gamma (the paper: 4)" in caption
        switches = {"init": {"axis": "conv1d", "embedding": 0.02}, "frozen_norm": True}
        changed = load_config({"scale": "smoke", "models": {"gpt2": switches}})
        from initscale.figures.reading.captions import model_words

        words = "post-norm, GELU, initial std from the conv1d width, embedding std: 0.02, norms not trained"
        assert words in model_words(changed, "gpt2")


class TestFig14:
    def test_runs_and_the_row_that_stands_apart(self, config):
        data = fig14.table(config).to_pandas()
        runs = data[data["kind"] == "run"]
        assert len(runs) == 2 * 3 * 4
        assert set(runs.loc[~runs["tested"].astype(bool), "weight_decay"]) == {1.0}
        for row in runs.itertuples():
            point = {"lr": row.lr, "weight_decay": row.weight_decay, "seed": row.seed}
            assert row.accuracy == pytest.approx(inferential(point))

    def test_rank_correlations_are_those_of_the_claims(self, config):
        """Over the seeds, at fixed values of the other axis; with two rates and two decays no line has three runs."""
        data = fig14.table(config).to_pandas()
        found = data[data["kind"] == "rank_correlation"].set_index("axis")
        assert found["held"].to_dict() == {"lr": "weight_decay", "weight_decay": "lr"}
        assert found["value"].isna().all()
        runs = data[data["kind"] == "run"].astype({"tested": bool, "seed": int})
        runs = pd.concat(
            [runs, runs.assign(lr=5e-3, accuracy=0.9), runs.assign(lr=1e-2, accuracy=0.1, seen_accuracy=0.5)]
        )
        found = fig14.correlations(runs.assign(tested=True), 0.9).set_index("axis")
        claim = next(claim for claim in load_claims().claims if claim.name == "fig14_learning_rate")
        rows = runs[runs["seen_accuracy"] >= 0.9].assign(tested=True)
        wanted = judge_metric(claim, 0.95, rows, {}).estimate
        assert found.loc["lr", ["value", "low", "high"]].tolist() == [wanted.effect, wanted.low, wanted.high]
        assert found.loc["lr", "n"] == wanted.n > 1

    def test_drawing(self, config):
        (figure,) = drawn(config, "fig14").values()
        axis = figure.axes[0]
        assert [text.get_text() for text in axis.get_yticklabels()] == ["1", "0.1", "0.01"]
        assert [text.get_text() for text in axis.get_xticklabels()] == ["1e-3", "2e-3"]
        cells = {tuple(np.array(text.get_position()) - 0.5): text.get_text() for text in axis.texts}
        point = {"lr": 2e-3, "weight_decay": 0.01, "seed": 1.5}
        assert cells[(1.0, 2.0)] == f"{inferential(point):.2f}"
        for label in (axis.get_xlabel(), axis.get_ylabel()):
            assert label.count("none") == 1
        assert "(4,3)" in axis.get_title()

    def test_caption_says_that_the_grid_is_smaller(self, config):
        caption = fig14.table(config).schema.metadata[b"caption"].decode()
        assert "unseen: (3,4) and (4,3)" in caption
        assert "2 rates x 2 decays with up to 4 run(s) each; the paper has 5 x 5 with 9" in caption
        assert "not in the rank correlations: weight decay 1 " in caption
        assert "weight decay 0.01" not in caption  # the recipe's, which no run need have

    @pytest.mark.parametrize(
        ("row", "text"),
        [
            ({"value": 0.5, "low": 0.25, "high": 0.75}, "0.50 [0.25, 0.75]"),
            ({"value": 0.5, "low": math.nan, "high": math.nan}, "0.50 [no interval]"),
            ({"value": math.nan, "low": math.nan, "high": math.nan}, "none"),
        ],
    )
    def test_estimate(self, row, text):
        assert estimate_text(row) == text


@pytest.mark.parametrize(("figure", "stems"), [("fig15", 1), ("fig16", 2)])
def test_grids_have_rate_on_columns_and_decay_on_rows(config, figure, stems):
    pictures = drawn(config, figure)
    assert len(pictures) == stems
    for picture in pictures.values():
        grid = [axis for axis in picture.axes if axis.get_label() != "<colorbar>"]
        assert [axis.get_title() for axis in grid] == ["peak rate 1e-3", "peak rate 2e-3", "", "", "", ""]
        assert [axis.get_ylabel() for axis in grid[::2]] == ["weight decay 1", "weight decay 0.1", "weight decay 0.01"]
        if figure == "fig15":
            groups = [axis.get_xlabel().split(", ")[-1] for axis in grid]
            assert groups == ["1 groups"] * 2 + ["12 groups"] * 4


def test_only_displayed_runs_have_pictures(config):
    data = fig15.table(config).to_pandas()
    pictures = data[data["quantity"] == "cosine"]
    shown = pictures[["lr", "weight_decay", "seed"]].drop_duplicates()
    assert len(shown) == 6
    assert set(shown["seed"]) == {0}
    assert len(data[data["quantity"] == "mean_abs_cosine"]) == 24
    caption = fig15.table(config).schema.metadata[b"caption"].decode()
    assert "Depth 3, gamma 0.5, seed 0." in caption


@pytest.mark.parametrize("figure", TABLES)
def test_stage_draws_from_the_table_file(config, figure):
    path, table = Layout(config).table(figure), TABLES[figure].table(config)
    parts = split(table, declared(figure, "TABLES")) if declared(figure, "TABLES") else {}
    for target, rows in {part_path(path, name): part for name, part in parts.items()}.items() or [(path, table)]:
        write_table(target, rows)
    assert all(Path(path).stat().st_size > 5000 for path in draw_stage(config, figure))


@pytest.mark.parametrize(("value", "text"), [(5e-5, "5e-5"), (2.5e-4, "2.5e-4"), (0.001, "1e-3")])
def test_rate_text(value, text):
    assert rate_text(value) == text


def test_every_run_of_the_papers_grid_has_a_name_that_leads_back():
    """Learning rate and weight decay are wildcards of the runs, like gamma, depth and seed."""
    study = load_config({"scale": "paper"})["studies"]["lrwd"]
    points, rules = list(study_points(study)), wildcard_constraints([study])
    assert len({point_key(point) for point in points}) == len(points) == 9 * 5 * 6
    name = re.compile(point_pattern(study).replace(".", r"\.").format(**{a: f"(?P<{a}>{r})" for a, r in rules.items()}))
    for point in points:
        assert find_point(study, name.fullmatch(point_key(point)).groupdict()) == point
    assert point_key(points[0]) == "gamma~0.50_depth~3_lr~5.00e-05_weight_decay~0.003_seed~0"
