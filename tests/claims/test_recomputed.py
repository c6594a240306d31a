"""Every number of the scorecard, recomputed from the committed tables by a script of its own (recomputed.py)."""

from __future__ import annotations

import math

import pytest
import recomputed
from conftest import REPOSITORY
from test_noise import CLAIMS, CONFIG, TABLES, measured, nearest_roles

from initscale.claims.evidence import evidence_of
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
        roles = recomputed.roles_of(CONFIG, study_of(claim))
        found = recomputed.numbers(claim, recomputed.replicates(claim, TABLES[claim["table"]], roles))
        assert {name: row[name] for name in found} == {name: near(value) for name, value in found.items()}
        assert row["ratio"] == near(found["effect"] / row["paper_effect"] if row["paper_effect"] else math.nan)
        sign = 1 if claim["direction"] == "above" else -1
        ends = sorted(sign * (found[end] - claim["threshold"]) for end in ("low", "high"))
        wanted = "reproduced" if ends[0] >= 0 else "not reproduced" if ends[1] < 0 else "inconclusive"
        assert row["verdict"] == ("inconclusive" if math.isnan(found["p"]) else wanted)


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
