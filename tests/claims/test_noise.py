"""A claim that noise passes is no claim: shuffled and swapped arms on the committed tables."""

from __future__ import annotations

import re
from dataclasses import replace

import numpy as np
import pytest
from conftest import REPOSITORY

from initscale.claims.cells import Cells
from initscale.claims.definitions import Claim, load_claims
from initscale.claims.evidence import Evidence, evidence_of, read_tables
from initscale.claims.intervals import estimate
from initscale.claims.metrics import METRICS, Sample
from initscale.claims.noise import ONE_ARMED, SHUFFLES, mirrored, shuffled
from initscale.claims.scorecard import shuffle_rate
from initscale.claims.selection import ClaimError, Unavailable
from initscale.claims.verdicts import INCONCLUSIVE, REPRODUCED, Judged, judge_metric, verdict
from initscale.config.load import load_config

CLAIMS = load_claims()
CONFIG = load_config({"scale": "laptop", "source": "reference"})
TABLES = read_tables(CONFIG, CLAIMS)
TWO_ARMED = [claim for claim in CLAIMS.claims if claim.metric not in ONE_ARMED]


def nearest_roles(evidence: Evidence) -> Evidence:
    """The committed tables may have other gammas than the configuration: the nearest ones stand for its roles."""
    gammas = evidence.rows["gamma"].dropna().unique() if "gamma" in evidence.rows else []
    if not len(gammas):
        return evidence
    near = {
        role: value if role in ("lr", "weight_decay") else float(min(gammas, key=lambda gamma: abs(gamma - value)))
        for role, value in evidence.roles.items()
    }
    return replace(evidence, roles=near)


def measured(claim: Claim):
    """A claim without its gates on the committed tables; skips where these cannot answer."""
    try:
        evidence = nearest_roles(evidence_of(CONFIG, claim, TABLES))
        found = judge_metric(replace(claim, minimal_n=2), CLAIMS.level, evidence.rows, evidence.roles)
    except (Unavailable, ClaimError) as error:
        pytest.skip(f"the committed tables cannot answer: {error}")
    if found.estimate is None:
        pytest.skip(f"the committed tables cannot answer: {found.reason}")
    return found


@pytest.mark.parametrize("claim", TWO_ARMED, ids=lambda claim: claim.name)
def test_shuffled_arms_are_not_reproduced(claim):
    assert shuffle_rate(measured(claim), CLAIMS.level) <= 0.05


@pytest.mark.parametrize("claim", TWO_ARMED, ids=lambda claim: claim.name)
def test_swapped_arms_never_leave_it_reproduced(claim):
    found = measured(claim)
    sample = mirrored(claim.metric, found.sample)
    swapped = estimate(claim.test, sample, CLAIMS.level, claim.threshold, claim.direction)
    both = {found.verdict, verdict(swapped, claim.threshold, claim.direction)}
    assert both != {REPRODUCED}


ARMS = {"trend": (1.0, 2.0, 3.0), "peak_ratio": (1.0, 2.0, 3.0, 4.0), "interaction": ("a", "b", "c", "d")}


@pytest.mark.parametrize("claim", TWO_ARMED, ids=lambda claim: claim.name)
def test_numbers_without_any_effect_are_not_reproduced(claim):
    """The same for all of them, without the committed tables: six seeds, three parts, numbers of one distribution."""
    arms, rng = ARMS.get(claim.metric, ("high", "low")), np.random.default_rng(0)
    parts = 1 if claim.metric in ("peak", "peak_ratio") else 3
    seed_n, part_n, arm_n = (axis.ravel() for axis in np.indices((6, parts, len(arms))))
    cells = Cells(rng.random(seed_n.size), seed_n, arm_n, part_n, arms)
    found = Judged(claim, INCONCLUSIVE, cells=cells)
    assert shuffle_rate(found, CLAIMS.level) <= 0.05


def test_enough_claims_are_shuffled():
    """Most two-armed claims can be measured on the committed tables, so that the two tests above say something."""
    count = 0
    for claim in TWO_ARMED:
        try:
            measured(claim)
            count += 1
        except pytest.skip.Exception:
            pass
    assert count >= 0.6 * len(TWO_ARMED)
    assert SHUFFLES == 200


def test_a_claim_that_noise_passes_is_found_out():
    """A threshold far below what noise gives: the shuffles say so."""
    claim = next(claim for claim in CLAIMS.claims if claim.name == "fig6a_scan")
    found = measured(claim)
    assert shuffle_rate(replace(found, claim=replace(claim, threshold=-1.0)), CLAIMS.level) > 0.5


def test_one_armed_claims_have_a_reason_and_no_neutral_value():
    assert set(ONE_ARMED) == {name for name, metric in METRICS.items() if metric.neutral is None}


def test_shuffles_stay_within_their_part_and_keep_every_number():
    rng = np.random.default_rng(0)
    cells = Cells(np.arange(12.0), np.tile([0, 1, 2], 4), np.tile([0, 1], 6), np.repeat([0, 1], 6), ("high", "low"))
    moved = [shuffled(cells, rng).value_n for _ in range(50)]
    for values in moved:
        assert sorted(values[:6]) == list(range(6))
        assert sorted(values[6:]) == list(range(6, 12))
    assert len({tuple(values) for values in moved}) > 40


@pytest.mark.parametrize(
    ("metric", "groups", "mirror"),
    [
        ("difference", ([1.0, -2.0],), [[-1.0, 2.0]]),
        ("ratio", ([0.5, 4.0],), [[2.0, 0.25]]),
        ("wins", ([True, False, True],), [[False, True, False]]),
        ("by_phase", ([1.0, 2.0], [3.0]), [[3.0], [1.0, 2.0]]),
    ],
)
def test_mirrors_by_hand(metric, groups, mirror):
    arrays = tuple(map(np.array, groups))
    found = mirrored(metric, Sample(arrays, tuple(np.arange(len(array)) for array in arrays)))
    assert [group.tolist() for group in found.groups] == mirror


def test_a_mixture_of_two_kinds_is_not_reproduced_from_three_seeds():
    for value in (0.0, 1.0):
        found = estimate("mean", Sample((np.full(3, value),), (np.arange(3),)), 0.95, 0.5, "above")
        assert verdict(found, 0.5, "above") == INCONCLUSIVE


def test_one_armed_claims_are_listed_by_name():
    text = (REPOSITORY / "docs" / "claims.md").read_text(encoding="utf-8")
    listed = re.findall(r"`(\w+)`", text.split("<!-- one-armed claims -->")[1].split("<!-- end -->")[0])
    assert listed == [claim.name for claim in CLAIMS.claims if claim.metric in ONE_ARMED]
