"""Gates: what must hold of the runs before a claim is judged."""

from __future__ import annotations

from dataclasses import replace

import pandas as pd
import pytest
from test_claims import BY_NAME, CLAIMS, course, evidence, phase_table, task_table

from initscale.claims.definitions import Gate, Need
from initscale.claims.gates import check, passes
from initscale.claims.verdicts import NOT_EVALUATED, NOT_REPRODUCED, REPRODUCED, judge

CLAIM = BY_NAME["fig2a_large_init_symmetric"]


def gated(rows, **changes):
    return judge(CLAIM, CLAIMS, evidence(rows, **changes))


def test_an_unfinished_run_is_never_against_the_paper():
    rows = phase_table(lambda gamma, seed: 0.1)
    assert gated(rows).verdict == NOT_REPRODUCED
    curves = course(rows)
    curves.loc[(curves["seed"] == 3) & (curves["gamma"] == 0.5), "loss"] = 0.43
    found = gated(rows, curves=curves)
    assert (found.verdict, found.gate) == (NOT_EVALUATED, "fitted")
    assert found.reason == (
        "training did not converge: loss 0.43 > 0.01 (gamma 0.5, depth 2, lr 0.00025, seed 3; 1 of 6 run(s))"
    )


def test_an_unfinished_run_of_another_gamma_does_not_matter():
    rows = phase_table(lambda gamma, seed: 0.95)
    curves = course(rows)
    curves.loc[curves["gamma"] == 0.2, "loss"] = 3.0
    assert gated(rows, curves=curves).verdict == REPRODUCED


def test_an_answer_that_still_moves_is_not_judged():
    rows = phase_table(lambda gamma, seed: 0.95)
    curves = course(rows)
    curves.loc[(curves["seed"] == 1) & (curves["step"] == 200), "symmetric"] = 0.4
    found = gated(rows, curves=curves)
    assert found.gate == "steady"
    assert "still moving: change 0.5" in found.reason


def test_seen_pairs_must_be_learned():
    rows = phase_table(lambda gamma, seed: 0.95)
    rows.loc[(rows["seed"] == 2) & (rows["gamma"] == 0.5), "seen_accuracy"] = 0.71
    assert "seen pairs were not learned: seen 0.71 < 0.9" in gated(rows).reason


def test_seen_pairs_are_those_of_the_version_that_is_judged():
    """The best over evaluations and the last one have seen accuracies of their own, and no mean of both."""
    rows = phase_table(lambda gamma, seed: 0.95)
    rows.loc[rows["version"] == "last", "seen_accuracy"] = 0.5
    assert gated(rows).verdict == REPRODUCED
    rows["seen_accuracy"] = 1.45 - rows["seen_accuracy"]
    assert "seen pairs were not learned: seen 0.5 < 0.9" in gated(rows).reason


def test_a_gate_that_cannot_be_read_says_so():
    rows = phase_table(lambda gamma, seed: 0.95)
    found = judge(CLAIM, CLAIMS, replace(evidence(rows), curves=None))
    assert found.verdict == NOT_EVALUATED
    assert "there is no table `fig_curves`" in found.reason
    curves = course(rows)
    found = gated(rows, curves=curves[curves["seed"] != 4])
    assert "no loss of gamma 0.5, depth 2, lr 0.00025, seed 4" in found.reason


def test_most_runs_are_enough_where_the_gate_says_so_and_the_rest_is_left_out():
    claim = BY_NAME["fig14_weight_decay"]
    rows = pd.DataFrame(
        [
            {"kind": "run", "gamma": 0.72, "depth": 3, "lr": lr, "weight_decay": wd, "seed": seed, "accuracy": wd}
            for lr in (1e-3, 2e-3)
            for wd in (0.03, 0.1, 0.3, 1.0)
            for seed in range(6)
        ]
    ).assign(seen_accuracy=0.95, tested=True)
    rows.loc[rows.index[:3], ["seen_accuracy", "accuracy"]] = 0.5, 0.99
    found = judge(claim, CLAIMS, evidence(rows))
    assert found.verdict == REPRODUCED
    assert found.estimate.effect == 1.0
    assert "3 of 48 runs left out" in found.gate
    rows.loc[rows.index[:10], "seen_accuracy"] = 0.5
    assert "10 of 48 run(s)" in judge(claim, CLAIMS, evidence(rows)).reason


@pytest.mark.parametrize(("small", "verdict"), [(0.04, NOT_EVALUATED), (0.5, REPRODUCED)])
def test_two_arms_that_answer_nothing_are_not_compared(small, verdict):
    found = judge(BY_NAME["fig6a_scan"], CLAIMS, evidence(task_table(large=0.0, small=small, seeds=6)))
    assert found.verdict == verdict
    assert (found.gate == "answers") == (verdict == NOT_EVALUATED)


def test_a_better_arm_with_an_unknown_run_is_not_judged():
    rows = task_table(large=0.3, small=0.6, seeds=6)
    rows.loc[(rows["seed"] == 2) & (rows["size"] == 500) & (rows["gamma"] == 0.5), "accuracy"] = float("nan")
    found = judge(BY_NAME["fig6a_scan"], CLAIMS, evidence(rows))
    assert (found.verdict, found.gate) == (NOT_EVALUATED, "answers")
    assert "cannot be told: no accuracy of gamma 0.5, size 500" in found.reason


def test_where_every_run_fails_a_gate_a_missing_one_names_it():
    """A scale that is too small for everything says why, also where it has no run at the claim's gamma."""
    rows = phase_table(lambda gamma, seed: 0.95)
    curves = course(rows).assign(loss=4.1)
    elsewhere = [frame[frame["gamma"] != 0.5] for frame in (rows, curves)]
    found = gated(elsewhere[0], curves=elsewhere[1])
    assert (found.verdict, found.gate) == (NOT_EVALUATED, "fitted")
    assert found.reason.startswith("training did not converge: loss 4.1 > 0.01 (gamma 0.")
    assert found.reason.endswith("12 of 12 run(s)); no run has gamma 0.5 (there are: 0.2, 0.8)")
    elsewhere[1].loc[elsewhere[1]["gamma"] == 0.8, "loss"] = 0.001
    assert gated(elsewhere[0], curves=elsewhere[1]).gate == "runs"


def test_gammas_that_depart_from_the_rule_are_not_judged():
    rows = phase_table(lambda gamma, seed: 0.95)
    found = judge(CLAIM, CLAIMS, replace(evidence(rows), departs="widths are too small"))
    assert (found.verdict, found.gate) == (NOT_EVALUATED, "mapped")
    assert "widths are too small" in found.reason


def test_a_model_that_is_too_small_is_named():
    found = judge(BY_NAME["fig17b_code"], CLAIMS, replace(evidence(phase_table(lambda g, s: 1.0)), parameters=124000))
    assert found.reason == "the model is too small: parameters 1.24e+05 < 3e+08"


def test_a_gate_may_look_at_other_runs_than_the_claim_compares():
    claim = BY_NAME["fig2b_rises_with_gamma"]
    rows = phase_table(lambda gamma, seed: 1 - gamma)
    curves = course(rows)
    curves.loc[curves["gamma"] == 0.2, "loss"] = 3.0
    found = judge(claim, CLAIMS, evidence(rows, curves=curves))
    assert found.verdict == REPRODUCED
    assert "at the settings that the gate looks at; 6 of all 18 runs fail it" in found.gate
    everywhere = replace(claim, needs=(Need(CLAIMS.gates["fitted"]),))
    assert judge(everywhere, CLAIMS, evidence(rows, curves=curves)).verdict == NOT_EVALUATED


def test_bounds_are_inclusive_and_nan_passes_nothing():
    upper, lower = (Gate("g", "loss", "words", "why", **{side: 0.5}) for side in ("at_most", "at_least"))
    assert [passes(upper, value) for value in (0.4, 0.5, 0.6, float("nan"))] == [True, True, False, False]
    assert [passes(lower, value) for value in (0.4, 0.5, 0.6, float("nan"))] == [False, True, True, False]


def test_every_gate_is_used_and_every_claim_has_one():
    used = {need.gate.name for claim in CLAIMS.claims for need in claim.needs}
    assert used == set(CLAIMS.gates)
    assert all(claim.needs for claim in CLAIMS.claims)


def test_runs_by_phase_that_do_not_exist_are_counted():
    rows = phase_table(lambda gamma, seed: 1.0).assign(phase="shaded", kind="run", figure="fig3", value=0.5)
    rows = rows.assign(score="ao_commutativity")
    found = judge(BY_NAME["fig3b_by_phase"], CLAIMS, evidence(rows))
    assert found.reason == "no run is in either phase (18 shaded)"


def test_a_need_is_checked_alone():
    rows = phase_table(lambda gamma, seed: 0.95)
    checked = check(Need(CLAIMS.gates["seen"]), CLAIM, evidence(rows))
    assert checked.passed
    assert checked.message == "seen 0.95 ≥ 0.9"
