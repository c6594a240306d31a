"""What stands beside a verdict: other readings, neighbouring gammas, corrections; and what the columns say."""

from __future__ import annotations

import doctest
import importlib
from dataclasses import replace

import numpy as np
import pytest
from test_claims import BY_NAME, CLAIMS, course, evidence, phase_table, task_table

from initscale.claims.markdown import as_markdown
from initscale.claims.neighbours import neighbours
from initscale.claims.scorecard import COLUMNS, holm, scorecard
from initscale.claims.texts import count_text, singles_text
from initscale.claims.verdicts import INCONCLUSIVE, NOT_EVALUATED, NOT_REPRODUCED, REPRODUCED, judge
from initscale.config.load import load_config
from initscale.experiment.paths import Layout
from initscale.files.storage import write_table
from initscale.files.tables import Column, make_table

DOCTESTS = ("paper.mapping", "claims.scorecard", "claims.paper_effects", "claims.verdicts")


@pytest.mark.parametrize("name", DOCTESTS)
def test_examples_in_docstrings(name):
    found = doctest.testmod(importlib.import_module(f"initscale.{name}"))
    assert found.attempted
    assert not found.failed


def test_the_paper_s_rule_stands_first_and_the_last_evaluation_beside_it():
    rows = phase_table(lambda gamma, seed: 0.95 + 0.01 * (seed % 3))
    rows.loc[rows["version"] == "last", "accuracy"] -= 0.4
    found = judge(BY_NAME["fig2a_large_init_symmetric"], CLAIMS, evidence(rows))
    assert found.verdict == REPRODUCED
    assert found.beside["last evaluation"].verdict == NOT_REPRODUCED
    assert found.beside["last evaluation"].estimate.effect == pytest.approx(found.estimate.effect - 0.4)


def test_other_readings_take_another_column():
    rows = task_table(large=0.3, small=0.6, seeds=6).assign(accuracy_equal_loss=0.5)
    found = judge(BY_NAME["fig6a_scan"], CLAIMS, evidence(rows))
    assert found.verdict == REPRODUCED
    assert found.beside["equal training loss"].estimate.effect == 0


def test_neighbouring_gammas_are_judged_behind_the_same_gates():
    rows = phase_table(lambda gamma, seed: {0.2: 0.1, 0.5: 0.95, 0.8: 0.2}[gamma] + 0.01 * (seed % 3))
    curves = course(rows)
    curves.loc[curves["gamma"] == 0.2, "loss"] = 2.0
    claim = BY_NAME["fig2a_large_init_symmetric"]
    found = neighbours(claim, CLAIMS, evidence(rows, curves=curves))
    verdicts = {gamma: one.verdict for gamma, one in found.items()}
    assert verdicts == {"gamma 0.2": NOT_EVALUATED, "gamma 0.8": NOT_REPRODUCED}
    assert neighbours(replace(claim, options={"value": "accuracy"}), CLAIMS, evidence(rows)) == {}


def test_of_a_claim_that_compares_gammas_one_is_exchanged_at_a_time():
    rows = phase_table(lambda gamma, seed: {0.2: 0.1, 0.5: 0.95, 0.8: 0.2}[gamma] + 0.01 * (seed % 3))
    found = neighbours(BY_NAME["fig2a_symmetric_exceeds"], CLAIMS, evidence(rows))
    assert {gamma: one.verdict for gamma, one in found.items()} == {"gamma 0.2 as symmetric": NOT_REPRODUCED}


def test_other_readings_are_behind_the_same_gates():
    """The best rate is fitted and the recipe's own is not: the last evaluation is then nothing against the paper."""
    rows = phase_table(lambda gamma, seed: 0.95 + 0.01 * (seed % 3))
    last = rows["version"] == "last"
    rows.loc[last, "accuracy"] -= 0.8
    rows.loc[~last, "lr"] = 2e-4
    curves = course(rows)
    curves.loc[curves["lr"] == 2.5e-4, "loss"] = 0.7
    found = judge(BY_NAME["fig2a_large_init_symmetric"], CLAIMS, evidence(rows, curves=curves))
    assert found.verdict == REPRODUCED
    beside = found.beside["last evaluation"]
    assert (beside.verdict, beside.gate) == (NOT_EVALUATED, "fitted")


def test_holm_is_never_smaller_and_keeps_the_order():
    p = np.random.default_rng(0).random(40) ** 3
    found = holm(p)
    assert (found >= p).all()
    assert (np.diff(found[np.argsort(p)]) >= 0).all()
    assert found.min() == pytest.approx(min(1, 40 * p.min()))
    assert holm([]).size == 0


@pytest.fixture(scope="module")
def table(tmp_path_factory):
    """The scorecard of a scale that has one table: Fig 2 at the paper's gammas, three of six seeds of another kind."""
    config = load_config({"scale": "laptop", "results": str(tmp_path_factory.mktemp("results"))})
    kinds = {0.12: 0.1, 0.62: 0.95, 0.99: 0.02}
    rows = phase_table(lambda gamma, seed: 0.9)
    rows["gamma"] = rows["gamma"].map({0.2: 0.12, 0.5: 0.62, 0.8: 0.99})
    symmetric = rows["gamma"].map(kinds) + 0.01 * (rows["seed"] % 3)
    symmetric = symmetric.where((rows["gamma"] != 0.99) | (rows["seed"] < 3), 0.9)
    rows["accuracy"] = symmetric.where(rows["mapping"] == "symmetric", 1 - symmetric)
    rows = rows.assign(lr=7e-4)
    for name, frame in (("fig2", rows), ("fig_curves", course(rows))):
        types = {"float64": "float64", "int64": "int64"}
        columns = [Column(c, types.get(str(frame[c].dtype), "string"), "", "made up") for c in frame]
        write_table(Layout(config).table(name), make_table(columns, {c: frame[c].to_numpy() for c in frame}))
    return scorecard(config)


def test_columns_say_what_a_reader_needs(table):
    assert table.column_names == [column.name for column in COLUMNS]
    rows = {row["claim"]: row for row in table.to_pylist()}
    first = rows["fig2a_large_init_symmetric"]
    assert (first["verdict"], first["paper_rule"], first["last"]) == (REPRODUCED,) * 3
    assert (first["n"], first["course"], first["paper_effect"]) == (6, "as claimed", 1.0)
    assert first["ratio"] == pytest.approx(first["effect"])
    assert first["gate"] == "loss 0.001 ≤ 0.01; change 0 ≤ 0.05; seen 0.95 ≥ 0.9"
    assert first["neighbours"].startswith("gamma 0.12: not reproduced (0.11 [")
    assert np.isnan(first["shuffle_rate"])
    mixed = rows["fig2b_small_init_inferential"]
    assert (mixed["verdict"], mixed["course"]) == (INCONCLUSIVE, "weaker")
    assert mixed["singles"] == "0.10 0.10 0.10 0.96 0.97 0.98"
    assert mixed["seeds_needed"] > 6
    two = rows["fig2a_symmetric_exceeds"]
    assert two["shuffle_rate"] <= 0.05
    assert rows["fig13_low_stable_rank"]["gate"] == "table"


def test_single_seeds_are_shown_where_they_lie_apart(table):
    rows = {row.claim: row for row in table.to_pandas().itertuples()}
    assert singles_text(rows["fig2b_small_init_inferential"]) == "seeds 0.10 0.10 0.10 0.96 0.97 0.98"
    assert singles_text(rows["fig2a_large_init_symmetric"]) == ""
    assert "seeds 0.10 0.10 0.10 0.96 0.97 0.98" in as_markdown(table)
    assert "Intervals have a level of 95%." in as_markdown(table)
    readings = "by the last evaluation: reproduced; gamma 0.12: not reproduced; gamma 0.99: inconclusive"
    assert f"**reproduced**; {readings}" in as_markdown(table)
    assert count_text(rows["fig2a_large_init_symmetric"]) == "6"


def test_the_hash_is_that_of_what_was_fixed(table):
    from initscale.claims.fixed import fixed_hash

    laptop, paper = (load_config({"scale": scale}) for scale in ("laptop", "paper"))
    shown = fixed_hash(CLAIMS, laptop)
    named = table.replace_schema_metadata({**table.schema.metadata, "fixed": shown, "added": "{}"})
    assert f"`{shown}`" in as_markdown(named)
    (claim, *others) = CLAIMS.claims
    for changes in ({"threshold": 0.8}, {"needs": ()}, {"direction": "below"}, {"options": {}}):
        changed = replace(CLAIMS, claims=(replace(claim, **changes), *others))
        assert fixed_hash(changed, laptop) != shown
    gates = {name: replace(gate, at_most=9.0) if name == "fitted" else gate for name, gate in CLAIMS.gates.items()}
    assert fixed_hash(replace(CLAIMS, gates=gates), laptop) != shown
    words = replace(claim, why="another reason", statement="another sentence")
    assert fixed_hash(replace(CLAIMS, claims=(words, *others)), laptop) == shown
    assert fixed_hash(CLAIMS, paper) != shown
