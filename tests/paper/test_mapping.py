"""Which gamma stands for one of the paper's, held against every scale's configuration."""

from __future__ import annotations

import math

import pytest
from conftest import REPOSITORY

from initscale.claims.definitions import load_claims
from initscale.config.load import load_config
from initscale.experiment.grid import facts_hash, run_facts, studies_of, study_points
from initscale.paper.mapping import RULES, mapped_gamma, mapping_rows, study_roles, study_steps, unmapped_gammas

SCALES = sorted(path.stem for path in (REPOSITORY / "config" / "scales").glob("*.yaml"))


@pytest.fixture(params=SCALES)
def config(request) -> dict:
    return load_config({"scale": request.param})


@pytest.mark.parametrize("width", [24, 64, 128, 400, 768])
@pytest.mark.parametrize("gamma", [0.3, 0.5, 0.8])
def test_rules_keep_what_they_say(width, gamma):
    std = width ** -mapped_gamma(gamma, 400, width, "std")
    assert math.log(std) == pytest.approx(-gamma * math.log(400), abs=0.005 * math.log(width) + 1e-9)
    relative = width ** (0.5 - mapped_gamma(gamma, 400, width, "relative"))
    assert math.log(relative) == pytest.approx((0.5 - gamma) * math.log(400), abs=0.005 * math.log(width) + 1e-9)


def test_the_paper_s_width_is_mapped_to_itself():
    assert [mapped_gamma(0.8, 400, 400, rule) for rule in RULES] == [0.8, 0.8]


def test_every_grid_is_what_its_rule_gives_or_says_why_not(config):
    for name, study in config["studies"].items():
        if "departs" not in study:
            assert unmapped_gammas(config, name) == [], f"{config['scale']}: {name}"


def test_a_study_that_does_not_depart_has_runs_in_a_role(config):
    for name, study in ((name, study) for name, study in config["studies"].items() if "mapped" in study):
        gammas = {point["gamma"] for point in study_points(study)}
        assert "departs" in study or gammas & set(study_roles(config, name).values()), f"{config['scale']}: {name}"


def test_every_study_that_claims_read_names_its_rule(config):
    for claim in (claim for claim in load_claims().claims if claim.table != "fig_authors_run"):  # of the authors' width
        for study in studies_of(config["figures"].get(claim.table) or {}):
            assert "mapped" in config["studies"][study], f"{claim.name} at {config['scale']}"


def test_a_gamma_that_the_rule_does_not_give_is_found(config):
    config["studies"]["phase"] = {**config["studies"]["phase"], "more": [{"gamma": [0.47]}]}
    assert 0.47 in unmapped_gammas(config, "phase")


def test_rows_have_both_rules_and_both_decays(config):
    rows = {(row["study"], row["role"]): row for row in mapping_rows(config)}
    for (study, _), row in rows.items():
        section = config["studies"][study]
        steps, recipe = study_steps(config, study), config["training"][section["training"]]
        decays = {point.get("weight_decay", recipe["weight_decay"]) for point in study_points(section)}
        assert any(row["exposure"] == pytest.approx(decay * recipe["lr"] * steps) for decay in decays)
    if config["scale"] == "laptop":
        assert rows["phase", "symmetric"]["gamma"] == 0.62
        assert rows["phase", "symmetric"]["other_gamma"] == 0.5
        assert rows["phase", "symmetric"]["exposure"] == pytest.approx(0.2 * 7e-4 * 8000)
        assert rows["phase", "symmetric"]["paper_exposure"] == pytest.approx(0.01 * 2.5e-4 * 77700)
        assert rows["scan", "small"]["gamma"] == 0.82


def test_a_schedule_that_is_cut_counts_the_steps_that_are_made():
    config = load_config({"scale": "paper"})
    assert study_steps(config, "phase") == 77700
    config["training"]["single_head"]["stop_after"] = "40 epochs"
    assert study_steps(config, "phase") == 14800


def test_the_rule_is_no_fact_of_a_run():
    config = load_config({"scale": "smoke"})
    point = next(study_points(config["studies"]["phase"]))
    facts = run_facts(config, "phase", point)
    changed = load_config({"scale": "smoke", "studies": {"phase": {"mapped": "relative", "departs": "x" * 20}}})
    assert facts_hash(run_facts(changed, "phase", point)) == facts_hash(facts)
    assert not {"mapped", "departs", "paper"} & set(facts)
