"""The scorecard, its place in the README, the comparison with the reference, and what a new threshold makes redo."""

from __future__ import annotations

import re
from dataclasses import replace

import pyarrow as pa
import pytest
from conftest import REPOSITORY

from initscale.claims.compare import EFFECT, NEITHER, ONE, SAME, VERDICT, compare, words
from initscale.claims.definitions import load_claims
from initscale.claims.evidence import Evidence, evidence_of, read_tables
from initscale.claims.markdown import as_markdown, into_readme
from initscale.claims.noise import ONE_ARMED
from initscale.claims.scorecard import judge_all, summary
from initscale.claims.side_by_side import counts_table, scorecard_page
from initscale.claims.texts import number
from initscale.claims.verdicts import INCONCLUSIVE, NOT_EVALUATED, NOT_REPRODUCED, REPRODUCED, VERDICTS, judge
from initscale.config.load import load_config
from initscale.errors import InputError
from initscale.files.storage import read_table
from initscale.stages.scorecard import FORMATS, make_scorecard, reference_scorecards


@pytest.fixture(scope="module")
def reference() -> pa.Table:
    return make_scorecard(load_config({"scale": "laptop", "source": "reference"}))


def test_every_claim_has_a_verdict_or_a_reason(reference):
    rows = reference.to_pandas()
    assert list(rows["claim"]) == [claim.name for claim in load_claims().claims]
    assert set(rows["verdict"]) <= set(VERDICTS)
    missing = rows["verdict"] == NOT_EVALUATED
    assert (missing == (rows["reason"] != "")).all()
    assert (missing == rows["effect"].isna()).all()
    assert (rows.loc[~missing, "n"] >= rows.loc[~missing, "minimal_n"]).all()


def test_share_judged_is_said(reference):
    rows = reference.to_pandas()
    judged = (rows["verdict"] != NOT_EVALUATED).sum()
    assert f"{judged} of {len(rows)} claims judged" in summary(rows, "laptop")
    assert summary(rows, "laptop") in as_markdown(reference)


def test_no_claim_is_missing_from_the_markdown(reference):
    text = as_markdown(reference)
    for row in reference.to_pylist():
        assert (f"`{row['claim']}`" if row["verdict"] == NOT_EVALUATED else row["statement"]) in text


def test_readme_has_the_counts_and_docs_the_claims_of_the_committed_tables():
    cards, again = reference_scorecards(), "run `python -m initscale scorecard --docs`"
    readme = (REPOSITORY / "README.md").read_text()
    assert into_readme(readme, counts_table(cards)) == readme, again
    assert (REPOSITORY / "docs" / "scorecard.md").read_text() == scorecard_page(cards), again


def test_the_page_has_each_claim_once_and_says_what_is_missing(reference):
    rows = [{"claim": "a", "figure": "2", "statement": "It rises | falls.", "verdict": REPRODUCED, "gate": "seen"}]
    numbers = {"effect": 0.8, "low": 0.7, "high": 0.9, "n": 3, "runs": 3}
    values = reference.slice(0, 1).to_pandas().assign(**rows[0], **numbers)
    card = pa.Table.from_pandas(values, reference.schema)
    page = scorecard_page({"laptop": card, "overnight": None})
    (row,) = [line for line in page.splitlines() if line.startswith("| 2 | It rises")][:1]
    assert "| **reproduced**, 0.80 [0.70, 0.90], n = 3 | no tables |" in row
    assert "## Scale `overnight`\n\nNo tables are committed." in page
    apart = pa.Table.from_pandas(values.assign(singles="0.55 0.90 0.95"), reference.schema)
    assert "n = 3, seeds 0.55 0.90 0.95 | no tables |" in scorecard_page({"laptop": apart, "overnight": None})
    assert "| `laptop` | 1 of 1 | 1 | 0 | 0 |" in counts_table({"laptop": card})


def test_readme_without_markers_is_refused():
    with pytest.raises(InputError, match="two markers"):
        into_readme("no markers here", "text")


def test_no_verdict_comes_from_the_smoke_tables(finished_smoke):
    """Trainings of 60 steps: every claim names the gate that failed, with its value."""
    config = load_config({"scale": "smoke", "results": str(finished_smoke.root / "results")})
    judged = judge_all(config)
    assert {one.verdict for one in judged} == {NOT_EVALUATED}
    by_name = [one for one in judged if "is made by its name only" in one.reason]
    assert {one.claim.table for one in by_name} <= {"fig_authors_run"}
    judged = [one for one in judged if one not in by_name]
    assert not {one.gate for one in judged} & {"runs", "table"}
    assert all(one.gate and re.search(r"\d", one.reason) for one in judged), [one.reason for one in judged]
    gates = {one.gate for one in judged}
    assert {"fitted", "seen", "seen_mostly", "converged", "long_enough", "large_model", "fitted_task"} <= gates


def test_claims_on_the_smoke_tables_ask_for_nothing_unknown(finished_smoke):
    """Every metric runs on real tables of the present code, so no column or name in the claims is misspelt."""
    config = load_config({"scale": "smoke", "results": str(finished_smoke.root / "results")})
    claims = load_claims()
    tables, measured, reasons = read_tables(config, claims), set(), {}
    for claim in (claim for claim in claims.claims if tables[claim.table] is not None):
        evidence = replace(evidence_of(config, claim, tables), departs="")
        found = judge(replace(claim, needs=(), provisional=False, minimal_n=2), claims, evidence)
        measured |= {claim.table} if found.estimate else set()
        reasons.setdefault(claim.table, set()).add(found.reason)
    assert measured >= {
        "fig2",
        "fig2c",
        "fig3",
        "fig4",
        "fig5",
        "fig6",
        "fig12",
        "fig13",
        "fig17a",
        "fig17b",
    }
    too_small = ("fewer than three values", "no run has size 10000", "seed(s), and the claim needs")
    for table in ("fig7", "fig10"):  # their claims need sizes and gammas that a test has no time for
        assert all(any(words in reason for words in too_small) for reason in reasons[table]), reasons[table]


def test_one_armed_claims_do_not_pass_on_models_before_their_first_step(finished_smoke):
    """They compare nothing, so shuffles say nothing of them; what stops them on an untrained model are their gates."""
    config = load_config({"scale": "smoke", "results": str(finished_smoke.root / "results")})
    claims = load_claims()
    tables = read_tables(config, claims)
    made = [claim for claim in claims.claims if tables[claim.table] is not None]  # fig_authors_run: test_log_claims.py
    for claim in (claim for claim in made if claim.metric in ONE_ARMED):
        evidence = replace(evidence_of(config, claim, tables), departs="")
        found = judge(replace(claim, minimal_n=2), claims, untrained(evidence))
        assert found.verdict == NOT_EVALUATED, claim.name
        assert found.gate in claims.gates, claim.name


def untrained(evidence: Evidence) -> Evidence:
    """The same runs at step 0: losses and accuracies of the models as they were drawn, and no course."""
    curves = evidence.curves[evidence.curves["step"] == 0]
    rows = evidence.rows.copy()
    if "seen_accuracy" in rows:
        rows["seen_accuracy"] = curves["seen"].mean()
    if "quantity" in rows:
        rows.loc[rows["quantity"] == "risen", "value"] = 0.0
    if "test_accuracy" in rows:
        rows = rows.assign(step=0, test_accuracy=0.0)
    return replace(evidence, rows=rows, curves=curves)


def test_a_threshold_judges_again_and_changes_nothing_upstream(edited_smoke):
    done = edited_smoke.snakemake("scorecard", check=True)
    assert "0 of" in done.stdout + done.stderr
    for suffix in FORMATS:
        assert (edited_smoke.root / "results" / "smoke" / f"scorecard.{suffix}").stat().st_size > 1000
    table = read_table(edited_smoke.root / "results" / "smoke" / "scorecard.parquet")
    assert table.num_rows == len(load_claims().claims)
    assert edited_smoke.planned("scorecard") == {}
    edited_smoke.edit("config/claims.yaml", "threshold: 0.9\n", "threshold: 0.8\n")
    assert edited_smoke.planned("scorecard") == {"scorecard": 1}
    assert edited_smoke.planned("all_figures") == {}
    edited_smoke.edit("config/claims.yaml", "threshold: 0.8\n", "treshold: 0.8\n")
    done = edited_smoke.snakemake("all_figures", "--dry-run")
    assert done.returncode != 0
    assert "unknown key `treshold`" in done.stdout + done.stderr


def made_up(reference: pa.Table, effects: dict) -> pa.Table:
    """A scorecard of these claims with these effects and verdicts."""
    rows = reference.to_pandas().head(len(effects))
    for place, (effect, verdict) in enumerate(effects.values()):
        rows.loc[place, ["effect", "low", "high"]] = effect
        rows.loc[place, "verdict"] = verdict
    return pa.Table.from_pandas(rows.assign(claim=list(effects), tolerance=0.1))


def test_compare_names_what_differs(reference):
    nan = float("nan")
    own = made_up(
        reference,
        {
            "same": (0.95, REPRODUCED),
            "moved": (0.5, INCONCLUSIVE),
            "other": (0.2, NOT_REPRODUCED),
            "gone": (nan, NOT_EVALUATED),
            "never": (nan, NOT_EVALUATED),
        },
    )
    theirs = made_up(
        reference,
        {
            "same": (0.99, REPRODUCED),
            "moved": (0.7, INCONCLUSIVE),
            "other": (0.95, REPRODUCED),
            "gone": (0.9, REPRODUCED),
            "never": (nan, NOT_EVALUATED),
        },
    )
    rows = compare(own, theirs)
    assert dict(zip(rows["claim"], rows["outcome"], strict=True)) == {
        "same": SAME,
        "moved": EFFECT,
        "other": VERDICT,
        "gone": ONE,
        "never": NEITHER,
    }
    text = "\n".join(words(rows))
    assert "other: verdict differs\n  own        not reproduced: 0.20" in text
    assert "apart by 0.20, tolerance 0.1" in text
    assert "same:" not in text


def test_numbers_are_short_and_never_minus_zero():
    assert [number(value) for value in (-0.001, 0.126, 1234.5, float("nan"))] == ["0.00", "0.13", "1.23e+03", ""]
