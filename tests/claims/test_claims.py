"""Claims: their definitions are checked, their metrics are what they say, and verdicts follow from the data alone."""

from __future__ import annotations

import itertools
import re
import shutil
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from initscale.claims.definitions import CLAIMS_FILE, load_claims
from initscale.claims.evidence import Evidence
from initscale.claims.intervals import Estimate, estimate, exceedance_interval, probability_of_more, size
from initscale.claims.metrics import METRICS, Sample
from initscale.claims.paper_effects import paper_effect
from initscale.claims.power import seeds_needed
from initscale.claims.scorecard import judge_all
from initscale.claims.selection import ClaimError, Unavailable, select
from initscale.claims.verdicts import (
    INCONCLUSIVE,
    NOT_EVALUATED,
    NOT_REPRODUCED,
    REPRODUCED,
    judge,
    verdict,
)
from initscale.config.load import load_config
from initscale.errors import ConfigError, InputError
from initscale.paper.values import VALUES_FILE, read_values

ROLES = {
    "very_large": 0.2,
    "symmetric": 0.5,
    "inferential": 0.8,
    "large": 0.5,
    "small": 0.8,
    "lr": 2.5e-4,
    "weight_decay": 0.01,
}
CLAIMS = load_claims()
BY_NAME = {claim.name: claim for claim in CLAIMS.claims}
PANELS = ["2a", "2b", "2c", "3a", "3b", "3c", "4a", "4b", "4c", "5a", "5b", "5c", "5d", "6a", "6b", "6c", "7a", "7b"]
PANELS += ["10", "11", "12a", "12b", "13", "14", "15", "16", "17a", "17b", "text", "log"]


def phase_table(symmetric, seeds: int = 6) -> pd.DataFrame:
    """A table like that of Fig 2; ``symmetric(gamma, seed)`` gives the accuracy, the inferential one is the rest."""
    rows = []
    for gamma, seed, version in itertools.product((0.2, 0.5, 0.8), range(seeds), ("best", "last")):
        value = symmetric(gamma, seed)
        for mapping, accuracy in (("symmetric", value), ("inferential", 1 - value)):
            facts = {"version": version, "gamma": gamma, "depth": 2, "lr": 2.5e-4, "seed": seed, "seen_accuracy": 0.95}
            rows.append(facts | {"mapping": mapping, "accuracy": accuracy})
    return pd.DataFrame(rows)


def task_table(large: float, small: float, seeds: int = 3) -> pd.DataFrame:
    """A table like that of Fig 6a, with these accuracies in the two settings, a little apart between seeds."""
    rows = [
        {"gamma": gamma, "weight_decay": decay, "size": size, "seed": seed, "accuracy": value + 0.001 * seed}
        for gamma, decay, value in ((0.5, 0.01, large), (0.8, 0.1, small))
        for size in (500, 8000)
        for seed in range(seeds)
    ]
    found = pd.DataFrame(rows).assign(source="run", panel="a", group="all", loss=0.001)
    return found.assign(accuracy_equal_loss=found["accuracy"])


def score_table(scores: dict[str, dict[str, list[float]]], figure: str = "fig3") -> pd.DataFrame:
    """A table like fig_scores: ``{"symmetric": {"a": [one value per run], ...}}`` by phase, every run another seed."""
    rows, seeds = [], itertools.count()
    for phase, values in scores.items():
        for run in zip(*values.values(), strict=True):
            axes = {"gamma": 0.5, "depth": 2, "lr": 2.5e-4, "weight_decay": 0.01, "seed": next(seeds), "phase": phase}
            rows += [axes | {"score": name, "value": value} for name, value in zip(values, run, strict=True)]
    return pd.DataFrame(rows).assign(kind="run", figure=figure, part="")


def course(rows: pd.DataFrame) -> pd.DataFrame:
    """Training curves of the runs of a table that are fitted and steady at the end."""
    axes = [axis for axis in ("gamma", "depth", "lr", "weight_decay", "seed") if axis in rows]
    runs = rows[axes].drop_duplicates()
    found = pd.concat([runs.assign(step=step) for step in (100, 200, 300)], ignore_index=True)
    return found.assign(loss=0.001, symmetric=0.9, inferential=0.1, seen=0.95)


def evidence(rows: pd.DataFrame, curves: pd.DataFrame | None = None) -> Evidence:
    """Evidence that passes every gate on the course of the training, unless ``curves`` says otherwise."""
    return Evidence(rows, ROLES, course(rows) if curves is None else curves, parameters=400_000_000)


def judged(name: str, rows: pd.DataFrame):
    return judge(BY_NAME[name], CLAIMS, evidence(rows))


def test_every_figure_and_the_texts_claims_are_covered():
    assert {claim.figure for claim in CLAIMS.claims} == set(PANELS)
    for words in ("shaded", "large but not very large", "stages"):
        assert any(words in claim.statement for claim in CLAIMS.claims)
    assert len({claim.statement for claim in CLAIMS.claims}) == len(CLAIMS.claims)


RULE_8 = ("fig17a_tuned", "fig7a_rise_then_fall", "fig6b_gap_closes", "fig17b_code", "fig17b_code_and_text")
RULE_8 += ("text_complexity_follows_answer", "text_boundary_moves_with_depth", "fig2b_test_keys", "text_jump")


def test_claims_that_an_audit_missed_are_there():
    assert set(RULE_8) <= set(BY_NAME)


def test_no_claim_says_everywhere_where_a_mean_is_judged():
    """Parts are averaged, so a sentence may not speak of every depth or every data size."""
    for claim in CLAIMS.claims:
        assert not re.search(r"\b(every|each|all) (\w+ )?(depth|size|rate|decay)", claim.statement), claim.statement
        assert "whatever" not in claim.statement
        assert "over the data sizes" not in claim.statement or "averaged over" in claim.statement


def test_papers_values_say_how_they_were_read():
    values = CLAIMS.values
    assert values["scan_large_500"].value == 27.8
    assert values["code_g10"].value == 1.7027
    assert values["log_inferential_g08"].value == 0.97
    assert all(len(value.how_read) > 10 for value in values.values())


@pytest.mark.parametrize(
    ("symmetric", "expected"),
    [
        (lambda gamma, seed: 0.99 - 0.01 * (seed % 3), REPRODUCED),
        (lambda gamma, seed: 0.30 + 0.01 * (seed % 3), NOT_REPRODUCED),
        (lambda gamma, seed: 0.5 if seed == 0 else 1.0, INCONCLUSIVE),
    ],
    ids=["true", "false", "too noisy"],
)
def test_mean_over_seeds(symmetric, expected):
    assert judged("fig2a_large_init_symmetric", phase_table(symmetric)).verdict == expected


@pytest.mark.parametrize(
    ("symmetric", "expected"),
    [
        (lambda gamma, seed: 1 - gamma, REPRODUCED),
        (lambda gamma, seed: gamma, NOT_REPRODUCED),
        (lambda gamma, seed: gamma if seed % 2 else 1 - gamma, INCONCLUSIVE),
    ],
    ids=["true", "false", "too noisy"],
)
def test_rank_correlation_over_seeds(symmetric, expected):
    assert judged("fig2b_rises_with_gamma", phase_table(symmetric)).verdict == expected


@pytest.mark.parametrize(
    ("wins", "expected"),
    [([1] * 12, REPRODUCED), ([0] * 12, NOT_REPRODUCED), ([1, 0] * 6, INCONCLUSIVE), ([1] * 5, INCONCLUSIVE)],
    ids=["true", "false", "too noisy", "too few to be sure"],
)
def test_sign_test_over_runs(wins, expected):
    scores = {"symmetric_route": [0.1 + 0.2 * won for won in wins], "inferential_route": [0.4] * len(wins)}
    found = judged("fig3a_symmetric_route", score_table({"symmetric": scores}))
    assert found.verdict == expected
    assert found.estimate.effect == np.mean(wins)
    assert (found.estimate.p < 0.01) == (expected == REPRODUCED)


@pytest.mark.parametrize(
    ("inferential", "expected"),
    [
        ([0.6, 0.7, 0.8, 0.9, 0.65, 0.75], REPRODUCED),
        ([0.1, 0.0, -0.1, 0.05, 0.02, 0.03], NOT_REPRODUCED),
        ([0.1, 0.9, 0.35, 0.32, 0.0, 0.8], INCONCLUSIVE),
    ],
    ids=["true", "false", "too noisy"],
)
def test_rank_test_between_phases(inferential, expected):
    symmetric = [0.3, 0.4, 0.2, 0.35, 0.25, 0.45]
    phases = {"inferential": inferential, "symmetric": symmetric}
    rows = score_table({phase: {"fused": values} for phase, values in phases.items()}, "fig4")
    assert judged("fig4a_more_than_symmetric", rows).verdict == expected


@pytest.mark.parametrize(("low", "high"), list(itertools.combinations_with_replacement((0.1, 0.5, 0.9), 2)))
def test_verdict_is_a_function_of_interval_and_threshold(low, high):
    found = Estimate((low + high) / 2, low, high, 3)
    above, below = verdict(found, 0.4, "above"), verdict(found, 0.4, "below")
    opposite = {REPRODUCED: NOT_REPRODUCED, NOT_REPRODUCED: REPRODUCED, INCONCLUSIVE: INCONCLUSIVE}
    assert below == opposite[above]
    assert above == (REPRODUCED if low >= 0.4 else NOT_REPRODUCED if high < 0.4 else INCONCLUSIVE)


def test_the_threshold_decides():
    rows = phase_table(lambda gamma, seed: 0.70 + 0.01 * (seed % 3))
    claim = BY_NAME["fig2a_large_init_symmetric"]
    found = [judge(replace(claim, threshold=t), CLAIMS, evidence(rows)) for t in (0.5, 0.71, 0.9)]
    assert [one.verdict for one in found] == [REPRODUCED, INCONCLUSIVE, NOT_REPRODUCED]
    assert found[0].estimate.low == found[2].estimate.low
    assert [round(one.estimate.p, 2) for one in found] == [0, 0.5, 1]


def test_reasons_not_to_judge():
    found = judge(BY_NAME["fig2c_symmetric_falls"], CLAIMS, Evidence(None, ROLES))
    assert (found.verdict, found.reason) == (NOT_EVALUATED, "there is no table `fig2c`")
    found = judged("fig2a_large_init_symmetric", phase_table(lambda g, s: 1.0, seeds=2))
    assert (found.verdict, found.reason) == (NOT_EVALUATED, "2 seed(s), and the claim needs 3")


def test_a_run_that_the_scale_does_not_have_is_a_reason():
    rows = phase_table(lambda gamma, seed: 1.0)
    found = judged("fig2a_large_init_symmetric", rows[rows["gamma"] != 0.5])
    assert found.verdict == NOT_EVALUATED
    assert found.reason == "no run has gamma 0.5 (there are: 0.2, 0.8)"


@pytest.mark.parametrize("name", ["fig6b_cogs_in_distribution", "fig2c_pre_norm_symmetric_falls"])
def test_a_study_that_is_left_out_of_its_figure_is_a_reason(name):
    figures = {"fig6": {"studies": ["scan"]}, "fig2c": {"studies": ["gpt2"]}}
    found = {one.claim.name: one for one in judge_all(load_config({"scale": "laptop", "figures": figures}))}[name]
    assert found.verdict == NOT_EVALUATED
    assert "is drawn without the study" in found.reason


def test_runs_that_differ_in_their_rate_only_are_one_replicate():
    rows = score_table({"symmetric": {"symmetric_route": [0.9] * 6, "inferential_route": [0.1] * 6}})
    twice = pd.concat([rows, rows.assign(lr=2e-3), rows.assign(gamma=0.7)])
    found = judged("fig3a_symmetric_route", twice)
    assert (found.estimate.n, len(found.sample.groups[0])) == (6, 12)


def test_routes_are_set_against_uniform_attention():
    """Half of the inferential route's uniform value against more than the symmetric one's: the smaller number wins."""
    rows = score_table({"symmetric": {"symmetric_route": [0.04] * 12, "inferential_route": [0.06] * 12}})
    found = judged("fig3a_symmetric_route", rows)
    assert found.verdict == REPRODUCED
    assert "in units of uniform attention: symmetric route 1.6, inferential route 1.2" in found.note


def test_uniform_values_are_those_of_uniform_causal_attention():
    """Nine tokens; the last one is noise, so the key is at position 0 to 5 and the anchors behind it."""
    places = range(6)
    from_key = np.mean([(1 / (p + 2) + 1 / (p + 3)) / 2 for p in places])
    for claim in CLAIMS.claims:
        if uniform := claim.options.get("uniform"):
            assert uniform["symmetric_route"] == pytest.approx(2 / 9 * 1 / 9, abs=5e-5)
            assert uniform["inferential_route"] == pytest.approx(from_key * 2 / 9, abs=5e-5)


def test_seeds_of_the_smaller_group_are_counted():
    runs = [("inferential", seed, 0.9 - 0.1 * seed) for seed in range(5)]
    runs += [("symmetric", number % 2, 0.1 * number) for number in range(4)]
    rows = [
        {"gamma": 0.1 * number, "depth": 2, "seed": seed, "phase": phase, "value": value}
        for number, (phase, seed, value) in enumerate(runs, start=1)
    ]
    facts = {"kind": "run", "figure": "fig5", "score": "pair_share", "part": "0.7"}
    claim = replace(BY_NAME["fig5a_more_than_symmetric"], minimal_n=2)
    found = judge(claim, CLAIMS, evidence(pd.DataFrame(rows).assign(**facts)))
    assert (found.estimate.effect, found.estimate.n, len(found.sample.groups[1])) == (1.0, 2, 4)


def test_phases_are_compared_at_fixed_gamma():
    """A score that only follows gamma says nothing of the answer, and one that follows the answer does."""
    runs = [(gamma, seed, ("inferential", "symmetric")[seed % 2]) for gamma in (0.5, 0.7, 0.9) for seed in range(8)]
    facts = {"kind": "run", "figure": "fig5", "score": "pair_share", "part": "0.7", "depth": 2}
    rows = pd.DataFrame(runs, columns=["gamma", "seed", "phase"]).assign(**facts)
    claim = BY_NAME["text_complexity_follows_answer"]
    for value, effect in ((rows["gamma"], 0.5), (rows["gamma"] + 0.01 * (rows["phase"] == "inferential"), 1.0)):
        assert judge(claim, CLAIMS, evidence(rows.assign(value=value))).estimate.effect == effect
    alone = pd.concat([rows, rows[rows["phase"] == "inferential"].assign(gamma=2.0)]).assign(value=1.0)
    assert len(judge(claim, CLAIMS, evidence(alone)).sample.groups[0]) == 12


def test_a_wrong_column_or_name_in_an_existing_table_is_an_error():
    rows, claim = phase_table(lambda gamma, seed: 1.0), BY_NAME["fig2a_large_init_symmetric"]
    for options, message in (
        ({"value": "acuracy"}, "no column `acuracy`.*did you mean `accuracy`"),
        ({"value": "accuracy", "where": {"maping": "symmetric"}}, "no column `maping`.*did you mean `mapping`"),
        ({"value": "accuracy", "where": {"mapping": "symetric"}}, "mapping = `symetric`.*did you mean `symmetric`"),
        ({"value": "accuracy", "where": {"gamma": "role:symetric"}}, "not a role.*did you mean `symmetric`"),
    ):
        with pytest.raises(ClaimError, match=rf"fig2a_large_init_symmetric.*fig2.*{message}"):
            judge(replace(claim, options=options, beside={}), CLAIMS, evidence(rows))
        kept = judge(replace(claim, options=options, provisional=True), CLAIMS, evidence(rows))
        assert kept.verdict == NOT_EVALUATED
        assert "before it had what the claim needs" in kept.reason


def test_an_undefined_replicate_is_left_out_and_named():
    rows = phase_table(lambda gamma, seed: np.nan if seed == 0 else 1.0)
    found = judged("fig2a_large_init_symmetric", rows)
    assert found.estimate.n == 5
    assert found.note.startswith("1 replicate")


def long_table() -> pd.DataFrame:
    """Two parts, two gammas, two seeds; value = 10 gamma + seed, and twice that in part b."""
    cells = itertools.product((0.5, 0.8), (0, 1), "ab")
    return pd.DataFrame(
        [{"gamma": g, "seed": s, "part": p, "value": (10 * g + s) * (2 if p == "b" else 1)} for g, s, p in cells]
    )


@pytest.mark.parametrize(
    ("metric", "options", "expected"),
    [
        ("level", {"where": {"part": "a", "gamma": "role:symmetric"}}, [5, 6]),
        ("level", {"where": {"part": ["a", "b"], "gamma": "largest"}}, [12, 13.5]),
        ("difference", {"where": {"part": "a"}, "high": {"gamma": 0.8}, "low": {"gamma": 0.5}}, [3, 3]),
        ("ratio", {"over": "part", "high": {"gamma": 0.8}, "low": {"gamma": 0.5}}, [8 / 5, 9 / 6]),
        (
            "interaction",
            {
                "high": {"gamma": 0.8},
                "low": {"gamma": 0.5},
                "first": {"part": "b"},
                "then": {"part": "a"},
            },
            [3, 3],
        ),
        ("peak", {"inside": {"gamma": 0.8}, "outside": [{"part": "a"}, {"gamma": 0.5}]}, [12 - 7.5, 13.5 - 9]),
    ],
)
def test_metrics_by_hand(metric, options, expected):
    found = METRICS[metric].sample(long_table(), {"value": "value", **options}, ROLES)
    np.testing.assert_allclose(found.groups[0], expected)


def test_peak_between_the_ends():
    rows = pd.DataFrame(
        [
            {"size": size, "seed": s, "value": v * (1 + s)}
            for s in (0, 1)
            for size, v in ((1, 2), (2, 9), (3, 5), (4, 3))
        ]
    )
    found = METRICS["peak_ratio"].sample(rows, {"value": "value", "along": "size"}, ROLES)
    np.testing.assert_allclose(found.groups[0], [3, 3])
    with pytest.raises(Unavailable, match="fewer than three values between the ends"):
        METRICS["peak_ratio"].sample(rows[rows["size"] < 3], {"value": "value", "along": "size"}, ROLES)


def test_trend_inside_groups():
    rows = [
        {"lr": lr, "weight_decay": wd, "seed": 0, "value": wd * sign + 100 * lr}
        for (lr, sign), wd in itertools.product(((1, 1), (2, 1), (3, -1)), (0.1, 0.2, 0.3, 0.4))
    ]
    options = {"value": "value", "along": "weight_decay", "within": ["lr"]}
    found = METRICS["trend"].sample(pd.DataFrame(rows), options, ROLES)
    np.testing.assert_allclose(found.groups[0], [1 / 3])
    with pytest.raises(Unavailable, match="fewer than three values along the column"):
        METRICS["trend"].sample(pd.DataFrame(rows[:2]), options, ROLES)


def test_a_ratio_ignores_parts_that_only_other_runs_have():
    third = pd.DataFrame([{"gamma": 0.8, "seed": 0, "part": "c", "value": 99.0}])
    options = {"value": "value", "over": "part", "high": {"gamma": 0.8}, "low": {"gamma": 0.5}}
    found = METRICS["ratio"].sample(pd.concat([long_table(), third]), options, ROLES)
    np.testing.assert_allclose(found.groups[0], [8 / 5, 9 / 6])


def test_one_depth_is_not_compared_with_itself():
    found = judged("text_deeper_is_more_shaded", phase_table(lambda gamma, seed: 1.0))
    assert (found.verdict, found.reason) == (NOT_EVALUATED, "nothing to compare with, all runs have depth 2")


def sample(*groups, seeds=None) -> Sample:
    """A sample of these groups, each replicate with a seed of its own unless ``seeds`` says otherwise."""
    return Sample(tuple(map(np.array, groups)), seeds or tuple(np.arange(len(group)) for group in groups))


def test_intervals_against_known_ones():
    found = estimate("mean", sample([0.1, 0.4, 0.7]), 0.95, 0.0, "above")
    half = 4.3027 * 0.3 / np.sqrt(3)  # t of two degrees of freedom
    assert (found.low, found.high) == pytest.approx((0.4 - half, 0.4 + half), abs=1e-4)
    share = estimate("share", sample([True] * 10), 0.95, 0.5, "above")
    assert (share.low, share.high) == pytest.approx((0.025 ** (1 / 10), 1))  # Clopper-Pearson at k = n
    assert share.p == pytest.approx(2**-10)
    # all theta with (1 - theta)^2 <= 1.96^2 theta (1 - theta) (1 + 3 (...)) / 16, for four against four
    low, high = exceedance_interval(1.0, 4, 4, 0.95)
    star = 3 * ((1 - low) / (2 - low) + low / (1 + low))
    assert (1 - low) ** 2 == pytest.approx(1.959964**2 * low * (1 - low) * (1 + star) / 16)
    assert high == 1.0
    assert exceedance_interval(0.0, 4, 4, 0.95) == pytest.approx((0.0, 1 - low))


def test_runs_of_one_seed_are_no_more_than_one():
    seeds = (np.repeat([0, 1, 2], 4),)
    twelve = estimate("share", sample([True] * 12, seeds=seeds), 0.95, 0.5, "above")
    three = estimate("share", sample([True] * 3), 0.95, 0.5, "above")
    assert (twelve.low, twelve.n) == (three.low, 3)
    apart = sample(np.arange(12.0) + 20, np.arange(12.0), seeds=seeds * 2)
    assert estimate("rank", apart, 0.95, 0.7, "above").low == exceedance_interval(1.0, 3, 3, 0.95)[0]
    assert size(apart) == 3


@pytest.mark.parametrize(("n", "verdict_of"), [(3, INCONCLUSIVE), (5, INCONCLUSIVE), (6, REPRODUCED)])
def test_few_seeds_that_are_all_alike_decide_nothing(n, verdict_of):
    found = judged("fig2a_large_init_symmetric", phase_table(lambda gamma, seed: 1.0, seeds=n))
    assert found.verdict == verdict_of
    assert ("decides nothing below 6 seeds" in found.note) == (verdict_of == INCONCLUSIVE)
    assert f"up to {1 - 0.025 ** (1 / n):.0%} of seeds may not have been seen" in found.note


def test_seeds_needed_settle_it_in_four_of_five_repetitions():
    values = np.array([0.2, 0.5, 0.8])
    found = estimate("mean", sample(values), 0.95, 0.2, "above")
    needed = int(seeds_needed("mean", sample(values), found, 0.95, 0.2))
    rng, shares = np.random.default_rng(0), {}
    for n in (needed - 1, needed):
        drawn = rng.normal(0.5, 0.3, (20000, n))
        half = stats.t.ppf(0.975, n - 1) * drawn.std(1, ddof=1) / np.sqrt(n)
        shares[n] = (drawn.mean(1) - half > 0.2).mean()
    assert shares[needed - 1] < 0.8 + 0.01
    assert shares[needed] > 0.8 - 0.01
    always = estimate("share", sample([True] * 3), 0.95, 0.5, "above")
    assert seeds_needed("share", sample([True] * 3), always, 0.95, 0.5) == 6  # 2^-6 is the first below 0.025
    assert np.isnan(seeds_needed("mean", sample(values), found, 0.95, 0.5))


def test_seeds_that_are_all_alike_need_as_many_as_decide():
    """Three seeds that are equal decide nothing, so it would be wrong to say that two settle it."""
    values = np.full(3, 1.0)
    found = estimate("mean", sample(values), 0.95, 0.9, "above")
    assert seeds_needed("mean", sample(values), found, 0.95, 0.9) == 6


@pytest.mark.parametrize(
    ("seeds", "noted"), [(3, "3 seeds: a kind of up to 71% of seeds may not have been seen"), (6, "")]
)
def test_what_few_seeds_may_have_missed_is_noted(seeds, noted):
    """Runs of one kind differ a little, so that they are not all alike, and the other kind may still be there."""
    found = judged("fig2a_large_init_symmetric", phase_table(lambda gamma, seed: 0.96 + 0.01 * (seed % 3), seeds=seeds))
    assert (found.verdict, found.note) == (REPRODUCED, noted)


def test_paper_effects_by_hand():
    assert paper_effect(BY_NAME["fig6a_scan"], CLAIMS) == pytest.approx((4.7 + 6.0 + 3.0 + 0.0) / 400)
    assert paper_effect(BY_NAME["fig6b_gap_closes"], CLAIMS) == pytest.approx(0.403 - 0.138 - (0.981 - 0.975))
    ratios = [0.47 / 0.83, 0.43 / 1.17, 0.40 / 1.52, 0.58 / 1.90]
    assert paper_effect(BY_NAME["fig7a_steps"], CLAIMS) == pytest.approx(np.prod(ratios) ** (1 / 4))
    assert paper_effect(BY_NAME["fig2b_not_symmetric"], CLAIMS) == 0.0
    assert np.isnan(paper_effect(BY_NAME["fig5a_condensed"], CLAIMS))


def test_probability_of_more_counts_pairs():
    first, second = np.array([1.0, 2.0, 2.0]), np.array([0.0, 2.0])
    pairs = [(a > b) + 0.5 * (a == b) for a in first for b in second]
    assert probability_of_more(first, second) == pytest.approx(np.mean(pairs))


def test_select_takes_extremes_after_the_plain_conditions():
    rows = pd.DataFrame({"gamma": [0.1, 0.3, 0.9], "kind": ["a", "a", "b"]})
    assert select(rows, {"gamma": "largest", "kind": "a"}, ROLES)["gamma"].tolist() == [0.3]


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("    threshold: 0.9\n", "    treshold: 0.9\n", "unknown key `treshold`.*did you mean `threshold`"),
        ("metric: level", "metric: levels", "`?levels`?.*not allowed|'levels' is not allowed"),
        ("value: accuracy\n", "valu: accuracy\n", "unknown option `valu`"),
        ("also: [shade]", "also: [shadow]", "`shadow` is not an id in paper_values.csv"),
        ("figure: 2c", "figure: c2", "claims.fig2c_symmetric_falls.figure.*'c2'"),
        ("interval: {level: 0.95", "interval: {level: 95", "interval.level.*95"),
        ("needs: [large_model]", "needs: [large_modell]", "`large_modell` is not one of the gates"),
        ("    at_most: 0.05\n    message: the answer", "    message: the answer", "gates.steady"),
        ("like: fig17b_code\n", "like: fig17b_cod\n", "`fig17b_cod` does not exist"),
    ],
)
def test_bad_claims_are_refused(tmp_path, old, new, message):
    text = CLAIMS_FILE.read_text()
    assert old in text
    shutil.copy(CLAIMS_FILE.with_suffix(".schema.yaml"), tmp_path / "claims.schema.yaml")
    (tmp_path / "claims.yaml").write_text(text.replace(old, new, 1))
    with pytest.raises(ConfigError, match=message):
        load_claims(tmp_path / "claims.yaml")


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("id,figure", "id,fig", "must have exactly the columns"),
        ("scan_large_1k,", "scan_large_500,", "`scan_large_500` is given twice"),
        (",27.8,", ",27;8,", "`27;8` is not a number"),
        (",logs,", ",memory,", "`memory` is not a source"),
        ("stated in the text\n", "\n", "`how_read` included"),
    ],
)
def test_bad_paper_values_are_refused(tmp_path, old, new, message):
    text = VALUES_FILE.read_text()
    assert old in text
    (tmp_path / "values.csv").write_text(text.replace(old, new, 1))
    with pytest.raises(InputError, match=message):
        read_values(tmp_path / "values.csv")
