"""What the configuration refuses in studies on sequences, and what it lets a scale leave out."""

from __future__ import annotations

import pytest
from refusals import refusals

from initscale.config.load import load_config
from initscale.errors import ConfigError


def config_with(**changes) -> dict:
    return load_config({"scale": "smoke", **changes})


class TestConfig:
    def test_a_size_beyond_the_data_is_refused(self):
        with pytest.raises(ConfigError, match="31 is more than the 30 training sequences of `cogs`"):
            config_with(studies={"cogs": {"grid": {"size": [31]}}})

    def test_a_batch_larger_than_the_smallest_size_is_refused(self):
        with pytest.raises(ConfigError, match=r"a batch of \d+ is larger than the training data \(3 sequences\)"):
            config_with(studies={"scan": {"grid": {"size": [3, 30]}}})

    def test_keys_of_another_task_are_refused(self):
        with pytest.raises(ConfigError, match="unknown key `length`"):
            config_with(datasets={"scan": {"length": 9}})

    def test_a_tied_output_is_for_sequences_only(self):
        with pytest.raises(ConfigError, match="knows no tied output"):
            config_with(models={"gpt2": {"tied": True}})

    def test_an_unknown_task_is_refused(self):
        with pytest.raises(ConfigError, match="must be one of"):
            config_with(datasets={"scan": {"task": "scam"}})

    @pytest.mark.parametrize(
        ("changes", "words"),
        [
            ({"init_from": {"study": "nowhere"}}, "is not a key of `studies`"),
            ({"init_from": {"study": "addition"}}, "has 2 runs of seed 0, one is needed"),
            ({"grid": {"seed": [0, 5]}}, "has 0 runs of seed 5, one is needed"),
            ({"grid": {"depth": [3]}}, "differ in depth"),
        ],
    )
    def test_where_a_study_can_start_from(self, changes, words):
        with pytest.raises(ConfigError, match=words):
            config_with(studies={"addition_tuned": changes})

    @pytest.mark.parametrize(
        ("figures", "words"),
        [
            ({"fig6": {"studies": ["phase"]}}, "is on the task `anchor`, not on one of"),
            ({"fig6": {"studies": ["addition_origin"]}}, "fig6 needs the axis `size`"),
            ({"fig17a": {"studies": ["addition", "scan"]}}, "is on the task `scan`, not on sums"),
        ],
    )
    def test_studies_that_a_figure_cannot_show(self, figures, words):
        assert any(words in refusal for refusal in refusals({"figures": figures}))

    def test_studies_of_one_task_share_a_panel_if_their_sizes_differ(self):
        for size, found in ((30, ["`cogs` and `cogs_more` both have 30 samples"]), (25, [])):
            studies = {"cogs_more": {"like": "cogs", "grid": {"size": [size]}}}
            changes = {"studies": studies, "figures": {"fig6": {"studies": ["cogs", "cogs_more"]}}}
            refused = refusals(changes)
            assert len(refused) == len(found)
            assert all(words in refusal for words, refusal in zip(found, refused, strict=True))

    def test_null_leaves_a_study_and_a_figure_out(self):
        found = config_with(studies={"cogs": None}, figures={"fig6": {"studies": ["scan"]}, "fig17a": None})
        assert "cogs" not in found["studies"]
        assert "fig17a" not in found["figures"]

    def test_a_study_has_its_own_evaluation(self):
        from initscale.experiment.grid import run_facts, study_points

        config = config_with()
        facts = [
            run_facts(config, name, next(study_points(config["studies"][name])))["evaluation"]
            for name in ("scan", "phase")
        ]
        assert [fact["every"] for fact in facts] == ["10 steps", "20 steps"]
        assert facts[0]["snapshots"] == facts[1]["snapshots"]
