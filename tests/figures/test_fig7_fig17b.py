"""Figures 7 and 17b: their tables and drawings from made-up histories."""

from __future__ import annotations

import math

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
from refusals import refusals

from initscale.claims.metrics import METRICS
from initscale.config.load import load_config
from initscale.experiment.grid import study_points
from initscale.experiment.paths import Layout
from initscale.figures.fig7 import drawing as fig7
from initscale.figures.fig7 import table as fig7_table
from initscale.figures.fig17b import drawing as fig17b
from initscale.figures.fig17b import table as fig17b_table
from initscale.files.storage import read_table, write_table
from initscale.stages.generate_data import generate_data
from initscale.tasks.prontoqa.inference import shortcut_accuracy

STEPS = [0, 10, 20, 30]


def prontoqa_history(point: dict) -> dict[str, list[float]]:
    """The large init learns the training items at step 20 and answers well with much data only; the small one at 10."""
    small = point["gamma"] > 0.5
    losses = [4.0, 0.03, 0.02, 0.01] if small else [4.0, 0.5, 0.03, 0.02]
    if point["seed"] == 1 and not small and point["size"] == 64:
        losses = [4.0, 0.03, 0.5, 0.03]  # never twice in a row
    right = 0.9 + point["seed"] / 100 if small or point["size"] == 64 else 0.55
    own = {"acc_generated": [0, 0, 0, 0.5], "loss_test_thought": [4.0, 1.0, 1.0, 0.3]}
    return {"loss_train_answer": losses, "acc_gold": [0, 0, 0, right], **own}


def text_history(point: dict) -> dict[str, list[float]]:
    end = 2.0 - 0.1 * point["gamma"] + 0.01 * point["seed"]
    return {"loss_test_code": [5.5, 4.0, 3.0, end], "loss_test_prose": [5.5, 4.0, 3.0, end + 0.4]}


@pytest.fixture(scope="module")
def config(tmp_path_factory) -> dict:
    """The smoke configuration with made-up histories and real test data."""
    config = load_config({"scale": "smoke", "results": str(tmp_path_factory.mktemp("results"))})
    for study, history in (
        ("prontoqa", prontoqa_history),
        ("text_code", text_history),
        ("text_code_prose", text_history),
    ):
        section = config["studies"][study]
        generate_data(config["datasets"][section["dataset"]], Layout(config).data_folder(section["dataset"]))
        for point in study_points(section):
            rows = {"step": STEPS, **history(point)}
            write_table(f"{Layout(config).run_folder(study, point)}/history.parquet", pa.table(rows))
    return config


@pytest.fixture(autouse=True)
def close_figures():
    yield
    plt.close("all")


def drawn(config: dict, module, table: pa.Table):
    name = module.__name__.split(".")[-2]
    given = table.select(list(module.NEEDS)).replace_schema_metadata(table.schema.metadata)
    return module.draw(given, config["figures"][name] | config["figures"]["style"])[name]


class TestChecks:
    """Studies that a figure cannot draw are refused before anything runs."""

    @pytest.mark.parametrize(
        ("change", "message"),
        [
            ({"figures": {"fig7": {"study": "text_code"}}}, "of the task `text`, not of `prontoqa`"),
            ({"figures": {"fig17b": {"studies": ["prontoqa"]}}}, "of the task `prontoqa`, not of `text`"),
            ({"studies": {"prontoqa": {"grid": {"gamma": [0.5, 0.8]}}}}, "one weight decay for each gamma"),
            ({"studies": {"prontoqa": {"grid": {"depth": [1, 2]}}}}, "fig7 shows runs of one depth"),
            ({"studies": {"text_code": {"grid": {"depth": [1, 2]}}}}, "fig17b shows runs of one depth"),
        ],
    )
    def test_refused(self, change, message):
        assert any(message in refusal for refusal in refusals(change))


class TestConvergence:
    @staticmethod
    def found(losses: list[float], evaluations: int = 2) -> float:
        frame = pd.DataFrame({"step": range(0, 10 * len(losses), 10), "train_loss": losses})
        return fig7_table.first_converged(frame, loss=0.1, evaluations=evaluations)

    def test_is_the_first_of_so_many_evaluations_below(self):
        assert self.found([1, 0.05, 1, 0.05, 0.05, 0.05]) == 30
        assert self.found([1, 0.05, 1, 0.05, 0.05, 0.05], evaluations=1) == 10
        assert self.found([1, 0.05, 1, 0.05, 0.05, 0.05], evaluations=3) == 30
        assert math.isnan(self.found([1, 0.05, 1, 0.05]))
        assert math.isnan(self.found([math.nan, math.nan]))


class TestFig7:
    @pytest.fixture
    def runs(self, config):
        data = fig7_table.table(config).to_pandas()
        return data[data["source"] == "run"]

    def test_table_has_every_run_once_with_its_end(self, config, runs):
        assert len(runs) == len(list(study_points(config["studies"]["prontoqa"]))) == 8
        row = runs[(runs["gamma"] == 0.8) & (runs["size"] == 16) & (runs["seed"] == 1)].iloc[0]
        assert (row["steps"], row["accuracy"], row["accuracy_own"], row["step"]) == (10, 0.91, 0.5, 30)
        assert row["std"] == pytest.approx(24**-0.8)

    def test_a_run_that_does_not_stay_below_has_not_converged(self, runs):
        late = runs[~runs["converged"].astype(bool)]
        assert late[["gamma", "size", "seed"]].to_numpy().tolist() == [[0.5, 64, 1]]
        assert late["steps"].isna().all()

    def test_a_late_run_counts_with_all_its_steps_if_another_has_converged(self, runs):
        late = runs[~runs["converged"].astype(bool)]
        assert late["steps_at_least"].tolist() == [30]
        early = runs[runs["converged"].astype(bool)]
        assert (early["steps_at_least"] == early["steps"]).all()
        neither = runs[runs["seed"] == 1].assign(converged=False, steps=math.nan)
        assert fig7_table.steps_at_least(neither).isna().all()

    def test_memorized_is_converged_with_wrong_answers(self, runs):
        memorized = runs[runs["memorized"].astype(bool)]
        assert set(zip(memorized["gamma"], memorized["size"], strict=True)) == {(0.5, 16)}
        assert fig7.memorized_sizes(runs.astype({"memorized": bool})) == [16]

    def test_shortcut_is_that_of_the_test_data(self, config, runs):
        test = read_table(Layout(config).data_files("prontoqa")["test"]).to_pandas()
        share = shortcut_accuracy(zip(test["question"], test["query"], test["answer"], strict=True))
        assert set(runs["shortcut"]) == {share}
        assert 0.2 < share < 0.8

    def test_the_papers_points_are_those_of_the_file(self, config):
        data = fig7_table.table(config).to_pandas()
        paper = data[data["source"] == "paper"].set_index(["gamma", "size"])
        assert len(paper) == 16
        assert paper.loc[(0.5, 10_000), "accuracy"] == pytest.approx(0.505)
        assert paper.loc[(0.7, 30_000), "steps"] == pytest.approx(5800)
        assert paper.loc[(0.7, 30_000), "weight_decay"] == 0.1

    def test_caption_says_what_a_reader_must_know(self, config):
        caption = fig7_table.table(config).schema.metadata[b"caption"].decode()
        for words in ("1 to 2 hops", "random order", "gamma 0.8 (std 0.079) with decay 0.1", "2 run(s)", "GPT-2, 10k"):
            assert words in caption

    def test_drawing(self, config):
        figure = drawn(config, fig7, fig7_table.table(config))
        left, right = figure.axes
        labels = [text.get_text() for text in figure.legends[0].get_texts()]
        assert any("decay 0.1" in label for label in labels)
        assert sum("the paper" in label for label in labels) == 2
        words = " ".join(text.get_text() for text in right.texts)
        assert "chance 50%" in words
        assert "positional shortcut" in words
        hollow = [line for line in right.lines if line.get_marker() == "D"]
        assert [len(line.get_xdata()) for line in hollow] == [8, 8]
        triangles = [line for line in left.lines if line.get_marker() == "^" and len(line.get_xdata())]
        assert [line.get_xydata().tolist() for line in triangles] == [[pytest.approx([64, 30], rel=0.05)]]
        (shaded,) = [patch for patch in left.patches if patch.get_facecolor()[:3] == (0.92, 0.92, 0.92)]
        assert shaded.get_x() < 16 < shaded.get_x() + shaded.get_width() < 64

    @pytest.mark.parametrize(
        ("claim", "wanted"), [("fig7a_steps", (0.5 + math.sqrt(0.5 / 3)) / 2), ("fig7b_accuracy", 0.35)]
    )
    def test_claims_read_our_runs_and_not_the_papers(self, config, claim, wanted):
        assert effect(claim, fig7_table.table(config)) == pytest.approx(wanted, abs=0.01)


def effect(claim: str, table: pa.Table) -> float:
    from initscale.claims.definitions import load_claims

    (found,) = [one for one in load_claims().claims if one.name == claim]
    roles, options = {"large": 0.5, "small": 1.0 if found.table == "fig17b" else 0.8}, found.options
    if "size" in options["where"]:
        options = options | {"where": options["where"] | {"size": "smallest"}}
    (sample,) = METRICS[found.metric].sample(table.to_pandas(), options, roles).groups
    return float(np.mean(sample))


class TestFig17b:
    @pytest.fixture
    def runs(self, config):
        data = fig17b_table.table(config).to_pandas()
        return data[data["source"] == "run"]

    def test_table_has_every_evaluation(self, config, runs):
        gammas = len(config["studies"]["text_code"]["grid"]["gamma"])
        assert len(runs) == 2 * gammas * 2 * len(STEPS)
        assert runs["last"].sum() == 2 * gammas * 2
        assert set(runs["weight_decay"]) == {0.1}

    def test_loss_of_a_corpus_is_the_mean_of_its_domains(self, runs):
        end = runs[runs["last"].astype(bool) & (runs["gamma"] == 0.5) & (runs["seed"] == 0)].set_index("corpus")
        assert end.loc["code", "loss"] == pytest.approx(1.95)
        assert end.loc["code and prose", "loss"] == pytest.approx(2.15)
        assert end.loc["code and prose", "bits"] == pytest.approx(2.15 / math.log(2))
        assert end.loc["code and prose", "perplexity"] == pytest.approx(math.exp(2.15))
        assert math.isnan(end.loc["code", "loss_prose"])

    def test_bytes_seen(self, config, runs):
        spec, recipe = config["datasets"]["code"], config["training"]["text"]
        assert runs["seen"].max() == 30 * recipe["batch"] * spec["context"]

    def test_the_papers_points(self, config):
        data = fig17b_table.table(config).to_pandas()
        paper = data[data["source"] == "paper"].set_index(["corpus", "gamma"])["loss"]
        assert paper[("code", 0.5)] == 1.7207
        assert paper[("code and prose", 1.0)] == 2.556

    def test_caption_never_says_that_it_is_the_papers_corpus(self, config):
        caption = fig17b_table.table(config).schema.metadata[b"caption"].decode()
        assert "the standard library of CPython" in caption
        assert "not the paper's SlimPajama" in caption

    def test_relative_change_is_within_a_seed(self):
        ends = pd.DataFrame({"gamma": [0.5, 1.0, 0.5, 1.0], "seed": [0, 0, 1, 1], "loss": [2.0, 1.0, 4.0, 3.0]})
        found = fig17b.relative(ends)
        assert found[found["gamma"] == 1.0].sort_values("seed")["change"].tolist() == [-50, -25]

    def test_drawing(self, config):
        table = fig17b_table.table(config)
        code, both, ends = drawn(config, fig17b, table).axes
        gammas = config["studies"]["text_code"]["grid"]["gamma"]
        assert [text.get_text().count("bits") for text in code.get_legend().get_texts()] == [1] * len(gammas)
        mean = np.mean([1.95, 1.96]) / math.log(2)
        assert f"{mean:.3f} bits ({2**mean:.2f})" in code.get_legend().get_texts()[0].get_text()
        assert both.get_title(loc="left") == "code and prose"
        hollow = [line for line in ends.lines if line.get_fillstyle() == "none"]
        assert [line.get_ydata()[-1] for line in hollow] == pytest.approx([-1.046, -3.729], abs=0.01)

    def test_claim_reads_the_ends_of_our_runs(self, config):
        gammas = config["studies"]["text_code"]["grid"]["gamma"]
        wanted = 0.1 * (max(gammas) - min(gammas))
        assert effect("fig17b_code_and_text", fig17b_table.table(config)) == pytest.approx(wanted)
