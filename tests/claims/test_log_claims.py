"""Claims about the authors' own run: judged on one run and its log, at both outcomes, on made-up tables."""

from __future__ import annotations

import itertools
import math
from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest
from conftest import REPOSITORY
from test_claims import BY_NAME, CLAIMS, ROLES

from initscale.claims.definitions import CLAIMS_FILE, load_claims
from initscale.claims.evidence import Evidence
from initscale.claims.fixed import additions, fixed_facts, fixed_hash
from initscale.claims.scorecard import scorecard
from initscale.claims.selection import ClaimError
from initscale.claims.texts import effect_text
from initscale.claims.verdicts import NOT_EVALUATED, NOT_REPRODUCED, REPRODUCED, judge
from initscale.config.load import load_config
from initscale.errors import ConfigError
from initscale.experiment.paths import Layout
from initscale.figures.fig_authors_run.drawing import _CLAIMED
from initscale.files.storage import write_table
from initscale.files.tables import Column, make_table
from initscale.report.content import interval_bar

LOG = (4.768, 4.507, 4.123, 3.860, 3.457, 1.1, 0.0002)
GROUPS = ("4_3_inferential_train_keys", "4_3_symmetric_train_keys")
ADDED = [claim for claim in CLAIMS.claims if claim.added]
OVERNIGHT = load_config({"scale": "overnight"})


def replayed(error=(2e-6,) * 7, small=(0.96, 0.0), large=0.98, loss=0.0002, seen=0.99, logged=True) -> pd.DataFrame:
    """A table like that of fig_authors_run: both gammas, two precisions, seed 2; our losses: the log's times 1 + error.

    ``small``: inferential and symmetric answers at gamma 0.8; ``large``: symmetric ones at 0.5; ``loss`` and ``seen``:
    those of the last epoch.
    """
    rows = []
    for gamma, seed, precision in ((0.8, 1, "bf16"), (0.8, 1, "fp32"), (0.8, 2, "bf16"), (0.5, 1, "bf16")):
        run = {"gamma": gamma, "seed": seed, "precision": precision}
        known = logged and (gamma, seed) == (0.8, 1)
        for epoch, (theirs, gap) in enumerate(zip(LOG, error, strict=True)):
            ours = theirs * (1 + gap) if epoch < 6 else loss
            facts = {"quantity": "train_loss", "group": "", "epoch": epoch}
            rows.append(run | facts | {"ours": ours, "authors": theirs if known else None})
        ends = dict(zip(GROUPS, small if gamma == 0.8 else (0.0, large), strict=True)) | {"test": seen}
        if seed == 2:
            ends[GROUPS[0]] = 0.72
        for (group, end), epoch in itertools.product(ends.items(), (0, 7)):
            facts = {"quantity": "accuracy", "group": group, "epoch": epoch}
            rows.append(run | facts | {"ours": end if epoch else 0.0035, "authors": None})
    return pd.DataFrame(rows).replace({"group": {"": None}})  # as a table on disk has it


def judged(name: str, **changes):
    return judge(BY_NAME[name], CLAIMS, Evidence(replayed(**changes), ROLES))


@pytest.mark.parametrize(
    ("name", "good", "bad"),
    [
        ("log_first_epoch", {"error": (0.9e-4, *[0.5] * 6)}, {"error": (1.1e-4, *[0.0] * 6)}),
        ("log_first_epoch", {"error": (-0.9e-4, *[0.5] * 6)}, {"error": (-1.1e-4, *[0.0] * 6)}),
        ("log_first_epochs", {"error": (*[0.009] * 5, 0.5, 0.5)}, {"error": (0, 0, 0, 0, -0.011, 0, 0)}),
        ("log_large_init_symmetric", {"large": 0.951}, {"large": 0.949}),
        ("log_small_init_inferential", {"small": (0.91, 0.04)}, {"small": (0.89, 0.04)}),
        ("log_small_init_not_symmetric", {"small": (0.5, 0.04)}, {"small": (0.95, 0.06)}),
    ],
)
def test_both_outcomes(name, good, bad):
    assert judged(name, **good).verdict == REPRODUCED
    assert judged(name, **bad).verdict == NOT_REPRODUCED


def test_every_added_claim_has_a_test_of_both_outcomes():
    (marker,) = test_both_outcomes.pytestmark
    assert {name for name, *_ in marker.args[1]} == {claim.name for claim in ADDED}


@pytest.mark.parametrize("name", [claim.name for claim in ADDED if claim.metric == "last_value"])
def test_the_end_of_a_run_that_has_not_learned_is_not_judged(name):
    found = judged(name, loss=0.02, small=(0.0, 1.0), large=0.0)
    assert (found.verdict, found.gate) == (NOT_EVALUATED, "fitted_log")
    assert "training did not converge: epoch loss 0.02 > 0.001" in found.reason
    found = judged(name, seen=0.7)
    assert (found.verdict, found.gate) == (NOT_EVALUATED, "seen_log")
    assert "epoch seen 0.7 < 0.9" in found.reason


@pytest.mark.parametrize("name", [claim.name for claim in ADDED if claim.metric == "log_distance"])
def test_a_run_without_a_log_is_not_judged(name):
    found = judged(name, logged=False)
    assert (found.verdict, found.gate) == (NOT_EVALUATED, "logged")
    assert "logged 0 < 5" in found.reason


def test_a_scale_without_this_precision_names_the_gate_that_its_runs_fail():
    rows = replayed(loss=3.9)
    found = judge(BY_NAME["log_large_init_symmetric"], CLAIMS, Evidence(rows.assign(precision="fp32"), ROLES))
    assert (found.verdict, found.gate) == (NOT_EVALUATED, "fitted_log")
    assert found.reason.endswith("no run has precision bf16 (there are: fp32)")


def test_one_run_has_a_number_and_no_interval():
    found = judged("log_first_epochs", error=(0, 0.002, -0.004, 0, 0, 0, 0)).estimate
    assert found.effect == pytest.approx(0.004)
    assert found.n == 1
    assert all(map(math.isnan, (found.low, found.high, found.p)))


def test_the_other_precision_and_other_seeds_do_not_count():
    rows = replayed()
    others = (rows["precision"] == "fp32") | (rows["seed"] == 2)
    rows.loc[others, "ours"] = 9.0
    for claim in ADDED:
        assert judge(claim, CLAIMS, Evidence(rows, ROLES)).verdict == REPRODUCED, claim.name


def test_a_claim_about_one_run_refuses_two():
    claim = BY_NAME["log_small_init_inferential"]
    where = {key: value for key, value in claim.options["where"].items() if key != "precision"}
    wide = replace(claim, needs=(), beside={}, options=claim.options | {"where": where})
    with pytest.raises(ClaimError, match="leave 2 rows"):
        judge(wide, CLAIMS, Evidence(replayed(), ROLES))


@pytest.fixture
def rows(tmp_path) -> dict[str, dict]:
    """The scorecard of a scale that has this table only."""
    config = load_config({"scale": "overnight", "results": str(tmp_path)})
    frame = replayed(small=(0.96, 0.0))
    types = {"float64": "float64", "int64": "int64"}
    columns = [Column(c, types.get(str(frame[c].dtype), "string"), "", "made up") for c in frame]
    write_table(Layout(config).table("fig_authors_run"), make_table(columns, {c: frame[c].to_numpy() for c in frame}))
    return {row["claim"]: row for row in scorecard(config).to_pylist()}


def test_other_seeds_are_printed_and_not_judged(rows):
    row = rows["log_small_init_inferential"]
    assert (row["verdict"], row["n"], row["singles"]) == (REPRODUCED, 1, "0.96")
    assert row["beside"].startswith("seed 2: 0.72, not judged; seed 3: not evaluated")
    assert np.isnan([row["p"], row["holm"], row["shuffle_rate"], row["seeds_needed"]]).all()
    assert row["gate"] == "epoch loss 0.0002 ≤ 0.001; epoch seen 0.99 ≥ 0.9"
    assert row["ratio"] == pytest.approx(0.96 / 0.97)


def test_the_report_draws_one_run_as_a_dot(rows):
    row = SimpleNamespace(**rows["log_small_init_inferential"])
    bar = interval_bar(row)
    assert bar["low"] == bar["high"] == bar["effect"] > bar["threshold"]
    assert effect_text(row) == "0.96"
    small = rows["log_first_epoch"]
    assert effect_text(SimpleNamespace(**small)) == small["singles"] == "2e-06"


def test_the_figure_draws_the_bounds_of_the_claims():
    distances = [claim for claim in ADDED if claim.metric == "log_distance"]
    assert {claim.threshold: (0, claim.options["epochs"] - 1) for claim in distances} == _CLAIMED


def test_the_first_hash_is_not_changed_by_what_was_added():
    """Pinned, because a hash that moves with the claims it guards would guard nothing."""
    assert fixed_hash(CLAIMS, OVERNIGHT) == "b5f849d28008"
    assert "`b5f849d28008`" in (REPOSITORY / "docs" / "claims.md").read_text(encoding="utf-8")
    without = replace(CLAIMS, claims=tuple(claim for claim in CLAIMS.claims if not claim.added))
    assert fixed_hash(without, OVERNIGHT) == "b5f849d28008"
    assert additions(without, OVERNIGHT) == {}


def test_added_claims_have_a_hash_of_their_own():
    ((when, shown),) = additions(CLAIMS, OVERNIGHT).items()
    facts = fixed_facts(CLAIMS, OVERNIGHT, when)
    assert set(facts["claims"]) == {claim.name for claim in ADDED}
    assert set(facts["gates"]) == {"logged", "fitted_log", "seen_log"}
    assert {"authors_run", "authors_run_g05", "authors_run_seed2"} <= set(facts["studies"])
    changed = [replace(claim, threshold=0.5) if claim is ADDED[-1] else claim for claim in CLAIMS.claims]
    assert additions(replace(CLAIMS, claims=tuple(changed)), OVERNIGHT) != {when: shown}


def test_one_replicate_is_enough_for_a_claim_about_one_run_only(tmp_path):
    (tmp_path / "claims.schema.yaml").write_text(CLAIMS_FILE.with_suffix(".schema.yaml").read_text())
    text = CLAIMS_FILE.read_text().replace("minimal_n: 5", "minimal_n: 1", 1)
    (tmp_path / "claims.yaml").write_text(text)
    with pytest.raises(ConfigError, match=r"fig3a_symmetric_route.minimal_n.*one replicate has no interval"):
        load_claims(tmp_path / "claims.yaml")
