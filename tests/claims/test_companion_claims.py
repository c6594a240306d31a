"""Claims of companion studies: beside the paper's and apart from them, by the same rules."""

from __future__ import annotations

import json
import shutil
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from companion_runs import PROBES, measured_phase

from initscale.claims.companions import COMPANIONS_FILE, load_companion_claims
from initscale.claims.definitions import CLAIMS_FILE, Claim, load_claims
from initscale.claims.evidence import Evidence, evidence_of, read_tables
from initscale.claims.fixed import fixed_facts
from initscale.claims.scorecard import COLUMNS
from initscale.claims.verdicts import NOT_EVALUATED, NOT_REPRODUCED, REPRODUCED, judge
from initscale.config.load import load_config
from initscale.errors import ConfigError
from initscale.experiment.paths import Layout
from initscale.files.storage import read_table
from initscale.stages.aggregate import aggregate
from initscale.stages.scorecard import make_companion_scorecard, scorecard
from initscale.stages.simulate import simulate

CLAIMS = load_companion_claims()


def of_name(name: str) -> Claim:
    (claim,) = [claim for claim in CLAIMS.claims if claim.name == name]
    return claim


@pytest.fixture(scope="module")
def config(tmp_path_factory) -> dict:
    """Tables of the measures of made-up runs and of the small systems at smoke."""
    config = measured_phase(tmp_path_factory)
    layout = Layout(config)
    names = [name for name in config["systems"] if any(claim.table == f"fig_{name}" for claim in CLAIMS.claims)]
    for name in [*names, "basins_transformer", "recovery_tanh"]:
        simulate(name, config["systems"][name], layout.system(name))
    for figure in [*PROBES, *(f"fig_{name}" for name in names)]:
        aggregate(config, figure)
    return config


def test_the_papers_claims_gates_and_hash_do_not_know_them():
    names = {claim.name for claim in CLAIMS.claims}
    facts = json.dumps(fixed_facts(load_claims(), load_config({"scale": "laptop"})))
    assert names
    assert not any(f'"{name}"' in facts for name in names)
    assert CLAIMS.gates == load_claims().gates
    assert CLAIMS.level == load_claims().level


@pytest.mark.parametrize("claim", CLAIMS.claims, ids=lambda claim: claim.name)
def test_every_claim_names_its_source_and_a_figure_beyond_the_paper(claim):
    config = load_config({"scale": "laptop"})
    assert config["figures"][claim.table]["target"] == "all_companions"
    assert claim.figure == claim.table
    assert claim.paper["companion"] in COMPANIONS_FILE.read_text()


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ('companion: "2306.07042", words: the lower', "words: the lower", "the arXiv number of its source"),
        ('"2306.07042", words: the lower', '"Boix", words: the lower', "must match the pattern"),
        ("  change_rank_ratio:", "  fig2a_not_inferential:", "a claim of the paper has this name"),
        ("needs: [fitted_mostly]", "needs: [fited_mostly]", "`fited_mostly` is not one of the gates"),
        ("direction: below", "direktion: below", "did you mean `direction`?"),
    ],
)
def test_mistakes_are_named(tmp_path, old, new, words):
    text = COMPANIONS_FILE.read_text()
    assert old in text
    path = tmp_path / COMPANIONS_FILE.name
    path.write_text(text.replace(old, new, 1))
    shutil.copy(CLAIMS_FILE.with_suffix(".schema.yaml"), tmp_path)
    with pytest.raises(ConfigError) as caught:
        load_companion_claims(path)
    assert words in str(caught.value)


def judged_on(config: dict, claim: Claim):
    tables = read_tables(config, CLAIMS)
    evidence = replace(evidence_of(config, claim, tables), departs="")
    return judge(replace(claim, needs=(), minimal_n=2), CLAIMS, evidence)


@pytest.mark.parametrize("claim", CLAIMS.claims, ids=lambda claim: claim.name)
def test_claims_ask_for_nothing_that_the_tables_do_not_have(config, claim):
    """A column, quantity or part that a table does not know is an error of the claim, not a reason."""
    judged = judged_on(config, claim)
    assert judged.verdict in (NOT_EVALUATED, REPRODUCED, NOT_REPRODUCED, "inconclusive")
    made = claim.table.removeprefix("fig_") in config["systems"] or claim.table in PROBES
    assert judged.estimate or judged.gate in (("runs", "n") if made else ("table",))


def rows_of_rank(sign: int) -> pd.DataFrame:
    """Six seeds, five gammas; the rank falls (sign -1) or rises with gamma."""
    gammas, seeds = np.tile([0.1, 0.3, 0.5, 0.8, 1.1], 6), np.repeat(np.arange(6), 5)
    rows = pd.DataFrame({"gamma": gammas, "seed": seeds, "depth": 2, "fitted": True})
    noise = np.random.default_rng(0).normal(0, 0.1, len(rows))
    return rows.assign(quantity="change_stable_rank", part="ffn", value=10 + sign * 5 * gammas + noise)


@pytest.mark.parametrize(("sign", "verdict"), [(-1, REPRODUCED), (1, NOT_REPRODUCED)])
def test_a_trend_is_judged_on_either_side(sign, verdict):
    claim, rows = of_name("change_rank_falls"), rows_of_rank(sign)
    assert judge(claim, CLAIMS, Evidence(rows, {})).verdict == verdict


def test_runs_that_learnt_nothing_do_not_count():
    claim, rows = of_name("change_rank_falls"), rows_of_rank(-1)
    low = rows.assign(value=1.0, gamma=0.2, fitted=False)
    both = pd.concat([rows, low])
    assert judge(claim, CLAIMS, Evidence(both, {})).estimate == judge(claim, CLAIMS, Evidence(rows, {})).estimate
    everything = judge(claim, CLAIMS, Evidence(both.assign(fitted=True), {})).estimate
    assert everything.effect > -1 + 1e-6


def test_an_order_of_events_is_judged_run_by_run():
    claim = of_name("dynamics_plateau_first")
    parts = pd.DataFrame({"part": ["output_rank", "loss"], "step": -1})
    rows = parts.merge(pd.DataFrame({"seed": [0, 1, 2]}), how="cross").assign(quantity="event", depth=2)
    rows["value"] = rows["part"].map({"output_rank": 400.0, "loss": 300.0}) + rows["seed"] * 7 * (
        rows["part"] == "loss"
    )
    rows = pd.concat([rows.assign(gamma=1.1), rows.assign(gamma=0.3, value=-rows["value"])])
    judged = judge(claim, CLAIMS, Evidence(rows, {}))
    assert judged.estimate.effect == pytest.approx(93)
    assert judged.verdict == REPRODUCED
    assert judge(claim, CLAIMS, Evidence(rows.assign(value=-rows["value"]), {})).verdict == NOT_REPRODUCED


def test_nothing_is_judged_at_smoke_and_the_scorecard_has_a_section_of_its_own(config):
    table = make_companion_scorecard(config)
    assert table.column_names == [column.name for column in COLUMNS]
    rows = table.to_pandas()
    assert list(rows["claim"]) == [claim.name for claim in CLAIMS.claims]
    assert set(rows["verdict"]) == {NOT_EVALUATED}
    assert rows["paper"].str.startswith("companion: arXiv ").all()
    scorecard(config)
    layout = Layout(config)
    assert read_table(layout.scorecard("parquet")).num_rows == len(load_claims().claims)
    assert read_table(layout.scorecard("companions.parquet")).num_rows == len(CLAIMS.claims)
    text = Path(layout.scorecard("md")).read_text()
    before, after = text.split("## Companion studies")
    assert all((f"`{claim.name}`" in after) and (f"`{claim.name}`" not in before) for claim in CLAIMS.claims)
