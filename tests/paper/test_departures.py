"""docs/departures.md: what every study has that the paper or its authors' code has not."""

from __future__ import annotations

import pytest
from conftest import REPOSITORY

from initscale.config.load import load_config
from initscale.errors import ConfigError
from initscale.paper.departures import SCALES, departures, markdown, read_settings, value_of


@pytest.fixture(scope="module")
def configs() -> dict[str, dict]:
    return {scale: load_config({"scale": scale}) for scale in SCALES}


@pytest.fixture
def laptop() -> dict[str, dict]:
    return {"laptop": load_config({"scale": "laptop"})}


def rows_of(configs: dict, study: str) -> dict[str, tuple]:
    return {row[0]: row[1:] for row in departures(configs, read_settings())[study]}


def test_the_document_is_what_the_configuration_gives(configs):
    text = (REPOSITORY / "docs" / "departures.md").read_text(encoding="utf-8")
    assert markdown(configs) == text, "run `python -m initscale departures`"


def test_a_changed_setting_changes_the_document(laptop):
    before = rows_of(laptop, "phase")
    assert "training.batch" not in before
    laptop["laptop"]["training"]["phase"]["batch"] = 512
    assert rows_of(laptop, "phase")["training.batch"] == ("2048", "2048", "512")


def test_what_is_alike_is_left_out(laptop):
    laptop["laptop"]["models"]["phase"]["d_model"] = 400
    assert "model.d_model" not in rows_of(laptop, "phase")


def test_what_was_undocumented_is_there(laptop):
    prontoqa, phase = rows_of(laptop, "prontoqa"), rows_of(laptop, "phase")
    assert prontoqa["training.warmup"] == ("not published", "0 steps", "100 steps")
    assert prontoqa["training.lr_end"] == ("not published", "5e-05", "1e-05")
    assert prontoqa["model.tied"] == ("yes", "yes", "no")
    assert rows_of(laptop, "text_code")["model.tied"] == ("yes", "not published", "no")
    assert prontoqa["non-linearity"][-1] == "exact GELU"
    assert prontoqa["biases"][-1] == "of the output only"
    assert prontoqa["weight decay on biases"][-1] == "yes"
    assert phase["evaluation.sequences"] == ("not published", "50625", "1000")


def test_every_study_is_described(laptop):
    mapped = {name for name, study in laptop["laptop"]["studies"].items() if "mapped" in study}
    assert set(departures(laptop, read_settings())) == mapped
    laptop["laptop"]["studies"]["mine"] = {**laptop["laptop"]["studies"]["phase"], "paper": {"width": 7}}
    with pytest.raises(ConfigError, match="says nothing of the study `mine`"):
        departures(laptop, read_settings())


def test_values_of_axes_seeds_and_keys_that_are_not_given(laptop):
    config = laptop["laptop"]
    assert value_of(config, "phase", "seeds") == 6
    assert value_of(config, "lrwd", "training.lr") == [5e-4, 1e-3, 2e-3, 4e-3]
    assert value_of(config, "phase", "training.stop_after") == "none"
    assert value_of(config, "cogs", "grid.size") == [2000, 8000]
