"""Figs 6 and 17a from made-up runs: equal steps and equal loss, ceilings, the paper's points, claims."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pandas as pd
import pyarrow as pa
import pytest

from initscale.claims.definitions import load_claims
from initscale.claims.evidence import Evidence
from initscale.claims.verdicts import judge
from initscale.config.load import load_config
from initscale.experiment.grid import study_points
from initscale.experiment.paths import Layout
from initscale.figures.fig6 import drawing as drawn_fig6
from initscale.figures.fig6 import table as fig6
from initscale.figures.fig17a import drawing as drawn_fig17a
from initscale.figures.fig17a import table as fig17a
from initscale.figures.panels.style import style
from initscale.figures.reading.equal_loss import both_comparisons
from initscale.files.storage import write_table
from initscale.paper.points import paper_points
from initscale.stages.generate_data import generate_data
from initscale.tasks.cogs import definition as cogs


@pytest.fixture
def config(tmp_path) -> dict:
    return load_config({"scale": "smoke", "results": str(tmp_path)})


def history(losses: list[float], **scores: list[float]) -> pa.Table:
    return pa.table({"step": [10 * i for i in range(len(losses))], "loss": losses, **scores})


def runs_of(points: list[dict], losses: list[list[float]]) -> list[tuple[dict, pd.DataFrame]]:
    return [(p, history(some).to_pandas()) for p, some in zip(points, losses, strict=True)]


NAN = float("nan")


class TestEqualLoss:
    POINTS = tuple({"gamma": gamma, "weight_decay": 0.1, "seed": seed} for seed in (0, 1) for gamma in (0.5, 0.8))

    def test_every_run_is_read_where_its_loss_first_reaches_what_all_reach(self):
        losses = [[NAN, 2.0, 0.9, 0.1], [NAN, 3.0, 2.0, 1.0], [NAN, 1.0, 0.5, 0.4], [NAN, 0.9, 0.45, 0.2]]
        found = both_comparisons(runs_of(list(self.POINTS), losses))
        assert [numbers["equal_loss"] for *_, numbers in found] == [1.0, 1.0, 0.4, 0.4]
        assert [equal["step"] for _, _, equal, _ in found] == [20, 30, 30, 30]
        assert [last["step"] for _, last, _, _ in found] == [30] * 4

    def test_a_loss_that_rises_again_counts_by_its_lowest(self):
        found = both_comparisons(runs_of(list(self.POINTS[:2]), [[NAN, 0.5, 0.9], [NAN, 2.0, 0.6]]))
        assert [equal["step"] for _, _, equal, _ in found] == [10, 20]

    def test_other_sizes_and_seeds_are_not_compared(self):
        points = [{"gamma": 0.5, "weight_decay": 0.1, "size": size, "seed": 0} for size in (10, 20)]
        found = both_comparisons(runs_of(points, [[NAN, 0.5], [NAN, 2.0]]))
        assert [numbers["equal_loss"] for *_, numbers in found] == [0.5, 2.0]


def write_runs(config: dict, study: str, scores) -> None:
    """Histories of every run of a study; ``scores(point)`` gives the last value of every score by column."""
    for point in study_points(config["studies"][study]):
        late = point["gamma"] > 0.6
        columns = {name: [0.0, value / 2, value] for name, value in scores(point).items()}
        losses = [NAN, 2.0 if late else 0.5, 0.5 if late else 0.1]
        write_table(Path(Layout(config).run_folder(study, point)) / "history.parquet", history(losses, **columns))


@pytest.fixture
def fig6_table(config) -> pa.Table:
    """Lexical types 0.4 at small and 0.2 at large initialization, structural ones 0.1 and 0; SCAN 0.9 and 0.5."""
    for study in ("scan", "cogs"):
        name = config["studies"][study]["dataset"]
        generate_data(config["datasets"][name], Layout(config).data_folder(name))

    def small(point):
        return point["gamma"] > 0.6

    def cogs_scores(point):
        types = {f"acc_{name}": 0.4 if small(point) else 0.2 for name in cogs.LEXICAL}
        types |= {f"acc_{name}": 0.1 if small(point) else 0.0 for name in cogs.STRUCTURAL}
        return types | {"acc_test": 0.7, "acc_test_teacher_forced": 0.8}

    write_runs(config, "cogs", cogs_scores)
    write_runs(config, "scan", lambda p: {"acc_test": 0.9 if small(p) else 0.5, "acc_test_teacher_forced": 0.95})
    return fig6.table(config)


def test_fig6_groups_and_comparisons(fig6_table):
    data = fig6_table.to_pandas()
    runs = (
        data[data["source"] == "run"].groupby(["panel", "group", "gamma"])[["accuracy", "accuracy_equal_loss"]].mean()
    )
    assert runs.loc[("c", "lexical", 0.85), "accuracy"] == pytest.approx(0.4)
    assert runs.loc[("c", "structural", 0.5), "accuracy"] == pytest.approx(0.0)
    assert runs.loc[("c", "all", 0.85), "accuracy"] == pytest.approx((18 * 0.4 + 3 * 0.1) / 21)
    # the large initialization is read one evaluation earlier, where it had half its accuracy
    assert runs.loc[("a", "all", 0.5)].tolist() == pytest.approx([0.5, 0.25])
    assert runs.loc[("a", "all", 0.85)].tolist() == pytest.approx([0.9, 0.9])
    assert set(data.loc[(data["source"] == "run") & (data["panel"] == "c"), "group"]) == set(fig6.GROUPS)


def test_fig6_ceilings(fig6_table):
    data = fig6_table.to_pandas()
    ceiling = data[data["source"] == "run"].groupby(["panel", "group", "size"])["ceiling"].mean()
    assert ceiling["a", "all", 100] == 1
    assert ceiling["c", "prim_to_inf_arg", 30] == 1
    assert ceiling["c", "cp_recursion", 30] == 0  # longer than all training sequences of the sample
    # every word of the sample is in its 30 training rows; only the recursions are longer
    assert ceiling["c", "lexical", 30] == 1
    assert ceiling["c", "lexical", 15] < 1


def test_fig6_has_the_paper_s_points(fig6_table):
    data = fig6_table.to_pandas()
    paper = data[data["source"] == "paper"].set_index(["panel", "size", "gamma"])["accuracy"]
    assert paper["a", 500, 0.5] == pytest.approx(0.278)
    assert paper["b", 1000, 0.7] == pytest.approx(0.65)
    assert paper["c", 24_155, 0.7] == pytest.approx(0.809)
    assert len(paper) == 8 + 10 + 8


def test_paper_points_have_what_their_setting_names():
    points = paper_points("17a").set_index("words")[["gamma", "weight_decay"]]
    assert points.loc["GPT-2 from scratch, gamma 0.7, weight decay 0.5"].tolist() == [0.7, 0.5]
    assert points.loc["GPT-2 fine-tuned, weight decay 0"].isna().tolist() == [True, False]
    assert paper_points("6c", 7)["size"].tolist() == 2 * [5_000, 10_000, 20_000, 7]


def test_claims_read_the_tables(fig6_table):
    claims = load_claims()
    claim = next(claim for claim in claims.claims if claim.name == "fig6c_cogs_out_of_distribution")
    evidence = Evidence(fig6_table.to_pandas(), {"large": 0.5, "small": 0.85})
    assert judge(claim, claims, evidence).gate == "fitted_task"
    found = judge(replace(claim, minimal_n=2, needs=()), claims, evidence)
    assert found.estimate.effect == pytest.approx((18 * 0.2 + 3 * 0.1) / 21)


def test_fig6_is_drawn_and_says_what_was_cut(fig6_table, config):
    with style(config["figures"]["style"]):
        figure = drawn_fig6.draw(fig6_table, config["figures"]["style"])["fig6"]
        assert [axis.get_title(loc="left")[:3] for axis in figure.axes[:3]] == ["(a)", "(b)", "(c)"]
        text = " ".join(" ".join(text.get_text() for text in figure.texts).split())
    for words in ("Scale `smoke`", "built-in sample", "d_model 24", "30 steps", "15, 30 samples"):
        assert words in text


def test_fig6_with_scan_only(fig6_table, config):
    config["figures"]["fig6"] = {"studies": ["scan"]}
    table = fig6.table(config)
    assert set(table["panel"].to_pylist()) == {"a"}
    with style(config["figures"]["style"]):
        assert len(drawn_fig6.draw(table, config["figures"]["style"])["fig6"].axes) == 2


@pytest.fixture
def fig17a_table(config) -> pa.Table:
    for study in config["figures"]["fig17a"]["studies"]:
        write_runs(config, study, lambda p: {"acc_block": 0.96 if p["gamma"] > 0.6 else 0.2, "acc_test": 0.98})
    return fig17a.table(config)


def test_fig17a(fig17a_table, config):
    data = fig17a_table.to_pandas()
    runs = data[data["source"] == "run"]
    assert runs.groupby(["training", "model"]).size().to_dict() == {
        ("finetuned", "gpt2"): 6,
        ("scratch", "gpt2"): 4,
        ("scratch", "single"): 4,
    }
    assert set(runs.loc[runs["setting"] == "small", "gamma"]) == {0.85}
    assert len(data[data["source"] == "paper"]) == 7
    claims = load_claims()
    roles = {"large": 0.5, "small": 0.85}
    for name in ("fig17a_small_init", "fig17a_large_init", "fig17a_gpt2_small_init", "fig17a_gpt2_large_init"):
        claim = next(claim for claim in claims.claims if claim.name == name)
        assert judge(claim, claims, Evidence(data, roles)).gate == "long_enough"
        found = judge(replace(claim, minimal_n=2, needs=()), claims, Evidence(data, roles))
        assert found.estimate.effect == (0.96 if "small" in name else 0.2)
    with style(config["figures"]["style"]):
        figure = drawn_fig17a.draw(fig17a_table, config["figures"]["style"])["fig17a"]
        assert [len(axis.get_xticks()) for axis in figure.axes] == [4, 3]
        text = " ".join(" ".join(text.get_text() for text in figure.texts).split())
    assert "(the paper: 0..999, 400..600)" in text
    assert "our own model of the task scan" in text
