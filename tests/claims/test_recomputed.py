"""Every number of the scorecard, recomputed from the committed tables by a script of its own (recomputed.py)."""

from __future__ import annotations

import math
import re

import pytest
import recomputed
from conftest import REPOSITORY
from test_noise import CLAIMS, CONFIG, TABLES, measured, nearest_roles

from initscale.claims.evidence import evidence_of
from initscale.claims.verdicts import judge_metric
from initscale.stages.scorecard import make_scorecard

FOLDER = REPOSITORY / "config"
PLAIN = recomputed.read_claims(FOLDER)


def study_of(claim: dict) -> str:
    options = CONFIG["figures"][claim["table"]]
    return claim["study"] or options.get("study") or options["studies"][0]


@pytest.fixture(scope="module")
def rows() -> list[dict]:
    return make_scorecard(CONFIG).to_pylist()


def near(value: float) -> object:
    return pytest.approx(value, abs=1e-5, nan_ok=True)


def test_roles_are_the_same():
    for name, claim in PLAIN.items():
        if claim["table"] in CONFIG["figures"]:
            (typed,) = (one for one in CLAIMS.claims if one.name == name)
            assert evidence_of(CONFIG, typed, TABLES).roles == recomputed.roles_of(CONFIG, study_of(claim))


def test_judged_rows(rows):
    for row in rows:
        claim = PLAIN[row["claim"]]
        assert row["paper_effect"] == near(recomputed.paper_effect(claim, FOLDER))
        assert (row["threshold"], row["direction"]) == (claim["threshold"], claim["direction"])
        if row["verdict"] == "not evaluated":
            assert math.isnan(row["effect"])
            continue
        roles, rows_of_table = recomputed.roles_of(CONFIG, study_of(claim)), TABLES[claim["table"]]
        replicates = recomputed.replicates(claim, rows_of_table, roles)
        found = recomputed.numbers(claim, replicates)
        assert {name: row[name] for name in found} == {name: near(value) for name, value in found.items()}
        assert row["ratio"] == near(found["effect"] / row["paper_effect"] if row["paper_effect"] else math.nan)
        assert row["verdict"] == recomputed.verdict(claim, found)
        assert row["seeds_needed"] == near(recomputed.seeds_needed(claim, replicates, found))
        rate = recomputed.shuffle_rate(claim, rows_of_table, roles)
        assert row["shuffle_rate"] == pytest.approx(rate, abs=0.06, nan_ok=True), "two samples of shuffles"
        assert row["beside"] == "; ".join(beside(claim, rows_of_table, roles))


def beside(claim: dict, rows_of_table, roles: dict) -> list[str]:
    """Other readings of a claim in the words of the scorecard."""
    words = []
    for name, options in claim.get("beside", {}).items():
        where = {**claim["options"].get("where", {}), **options.get("where", {})}
        other = claim | {"options": {**claim["options"], **options, "where": where}}
        found = recomputed.numbers(other, recomputed.replicates(other, rows_of_table, roles))
        numbers = f"{found['effect']:.2f} [{found['low']:.2f}, {found['high']:.2f}]"
        words.append(f"{name}: {recomputed.verdict(other, found)} ({numbers})")
    return words


@pytest.mark.parametrize("name", [claim.name for claim in CLAIMS.claims])
def test_what_gates_saw(rows, name):
    """The number of every gate that the runs of the committed tables failed or passed, worst run first."""
    (row,) = (row for row in rows if row["claim"] == name)
    claim = PLAIN[name]
    text = row["reason"] if row["verdict"] == "not evaluated" else row["gate"]
    if "; no run" in text:  # the claim's own run is missing, and the gate is that of all runs there are
        kind = {
            key: value for key, value in claim["options"]["where"].items() if key not in (*recomputed.AXES, "phase")
        }
        claim = claim | {"metric": "level", "options": {"where": kind}}
    seen = re.findall(rf"({'|'.join(recomputed.MEASURES)}) (\S+) [≤≥<>] (\S+)(?: \(gamma|;|$)", text)
    for measure, value, bound in seen:
        roles = recomputed.roles_of(CONFIG, study_of(claim))
        at_most = f"{measure} {value} ≤" in text or f"{measure} {value} >" in text
        found = recomputed.gate_values(measure.replace(" ", "_"), claim, TABLES, roles)
        failed = f"{measure} {value} >" in text or f"{measure} {value} <" in text
        kept = found if failed else found[found <= float(bound)] if at_most else found[found >= float(bound)]
        assert float(value) == pytest.approx(kept.max() if at_most else kept.min(), rel=1e-3)


def test_holm(rows):
    assert [row["holm"] for row in rows] == [near(value) for value in recomputed.holm([row["p"] for row in rows])]


@pytest.mark.parametrize("claim", CLAIMS.claims, ids=lambda claim: claim.name)
def test_every_metric_that_the_tables_can_answer(claim):
    """Without gates, at the gammas that the committed tables have, so that more than the judged claims are compared."""
    found = measured(claim)
    plain = PLAIN[claim.name]
    roles = nearest_roles(evidence_of(CONFIG, claim, TABLES)).roles
    wanted = recomputed.numbers(plain, recomputed.replicates(plain, TABLES[claim.table], roles))
    for name in ("effect", "low", "high", "n", "p"):
        assert getattr(found.estimate, name) == near(wanted[name]), name
    assert min(map(len, found.sample.groups)) == wanted["runs"]


@pytest.mark.parametrize(
    "claim", [claim for claim in CLAIMS.claims if claim.metric == "by_phase"], ids=lambda one: one.name
)
def test_fig_scores_prints_the_numbers_of_the_claims_by_phase(claim):
    if claim.options.get("within"):
        pytest.skip("the figure compares phases over all gammas only")
    rows, where, found = TABLES["fig_scores"], claim.options["where"], measured(claim).estimate
    drawn = rows[
        (rows["kind"] == "separation") & (rows["figure"] == where["figure"]) & (rows["score"] == where["score"])
    ]
    (row,) = drawn[drawn["part"].fillna("") == where.get("part", "")].to_dict("records")
    mine = (found.effect, found.low, found.high)
    if claim.options["high"] == "inferential":  # the figure has symmetric above inferential
        mine = (1 - found.effect, 1 - found.high, 1 - found.low)
    assert (row["value"], row["low"], row["high"]) == near(mine)
    assert row["seeds"] == found.n


@pytest.mark.parametrize("axis", ["weight_decay", "learning_rate"])
def test_fig_14_prints_the_numbers_of_its_claims(axis):
    (claim,) = (claim for claim in CLAIMS.claims if claim.name == f"fig14_{axis}")
    rows, column = TABLES["fig14"], "lr" if axis == "learning_rate" else axis
    learned = rows[(rows["kind"] == "run") & (rows["seen_accuracy"] >= 0.9)]
    found = judge_metric(claim, CLAIMS.level, learned, {}).estimate
    (row,) = rows[(rows["kind"] == "rank_correlation") & (rows["axis"] == column)].to_dict("records")
    assert (row["value"], row["low"], row["high"], row["n"]) == near((found.effect, found.low, found.high, found.n))
