"""Which scores tell the phases apart: on tables with known answers."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest

from initscale.claims.definitions import load_claims
from initscale.claims.selection import select
from initscale.claims.verdicts import judge_metric
from initscale.experiment.paths import REFERENCE
from initscale.figures.fig_scores import drawing as drawing
from initscale.figures.fig_scores.table import phase_means, phases_of_runs, scores_of_runs, separations
from initscale.figures.reading.displayed import AXES
from initscale.figures.reading.phases import phases
from initscale.files.parts import read_whole

#           seed: symmetric, inferential, seen
ANSWERS = {0: (0.9, 0.0, 1.0), 1: (0.1, 0.8, 0.95), 2: (0.5, 0.4, 1.0), 3: (0.9, 0.0, 0.5), 4: (0.8, 0.1, 0.9)}


def _rows(columns: dict, **per_seed) -> pd.DataFrame:
    rows = pd.DataFrame({"seed": list(ANSWERS), **per_seed}).assign(**columns)
    return rows.assign(gamma=0.5, depth=2, lr=0.1, weight_decay=0.0)


@pytest.fixture
def tables() -> dict[str, pd.DataFrame]:
    symmetric, inferential, seen = zip(*ANSWERS.values(), strict=True)
    accuracies = [
        _rows({"score": "symmetric_accuracy"}, value=symmetric),
        _rows({"score": "inferential_accuracy"}, value=inferential),
        _rows({"score": "symmetric_route"}, value=[0.9, 0.1, 0.5, 0.3, 0.7]),
        _rows({"score": None}, value=[7.0] * len(ANSWERS)),
    ]
    fig4 = [_rows({"kind": kind}, value=[1.0] * len(ANSWERS)) for kind in ("ao_score", "fused", "outputs_of_unseen")]
    fig5 = [
        _rows({"quantity": "accuracy", "part": "test", "i": -1, "j": -1}, value=seen),
        _rows({"quantity": "pair_share", "part": "0.7", "i": -1, "j": -1}, value=[0.1, 0.2, 0.3, 0.4, 0.5]),
        _rows({"quantity": "cosine", "part": "", "i": 1, "j": 1}, value=[1.0] * len(ANSWERS)),
    ]
    fig12 = _rows({"quantity": "epoch", "part": "", "i": -1, "j": 100}, value=[1.0] * len(ANSWERS))
    circuits = _rows({"score": "switch"}, value=[None, 0.5, 0.5, 0.5, 0.5], answers=list(PHASES.values()))
    return {
        "fig3": pd.concat(accuracies),
        "fig4": pd.concat(fig4),
        "fig5": pd.concat(fig5),
        "fig12": fig12,
        "fig_circuits": circuits,
    }


PHASES = {0: "symmetric", 1: "inferential", 2: "neither", 3: "shaded", 4: "symmetric"}


def test_phase_is_that_of_the_answers():
    accuracies = pd.DataFrame(ANSWERS, index=["symmetric", "inferential", "seen"]).T
    assert phases(accuracies, shade_below=0.9, answered=0.5).to_dict() == PHASES


def test_phases_are_those_of_the_causal_check(tables):
    found = {axes[AXES.index("seed")]: phase for axes, phase in phases_of_runs(tables).items()}
    assert found == PHASES


def test_scores_are_neither_accuracies_nor_vectors_nor_missing(tables):
    rows = scores_of_runs(tables)
    assert rows.groupby(["figure", "score", "part"]).size().to_dict() == {
        ("fig3", "symmetric_route", ""): 5,
        ("fig4", "ao", ""): 5,
        ("fig4", "outputs_of_unseen", ""): 5,
        ("fig5", "pair_share", "0.7"): 5,
        ("fig_circuits", "switch", ""): 4,  # one run has none
    }


@pytest.fixture
def runs(tables) -> pd.DataFrame:
    return scores_of_runs(tables).join(phases_of_runs(tables), on=list(AXES))


def test_separation_is_the_share_of_ordered_pairs(runs):
    found = separations(runs).set_index("score")
    assert found.loc["symmetric_route", "value"] == 1  # 0.9 and 0.7 against 0.1
    assert found.loc["pair_share", "value"] == 0.5  # 0.1 and 0.5 against 0.2
    assert found.loc["ao", "value"] == 0.5  # ties
    assert set(found["n"]) == {2, 3}


def test_no_separation_without_both_phases(runs):
    assert separations(runs[runs["phase"] != "inferential"]).empty


def test_means_per_phase(runs):
    means = phase_means(runs).set_index(["score", "phase"])
    assert means.loc[("symmetric_route", "symmetric"), "value"] == pytest.approx(0.8)
    assert means.loc[("symmetric_route", "symmetric"), "n"] == 2
    assert np.isnan(means.loc[("symmetric_route", "inferential"), "low"])
    low, high = means.loc[("symmetric_route", "symmetric"), ["low", "high"]]
    assert (low, high) == pytest.approx(
        (0.8 - 12.706 * 0.1, 0.8 + 12.706 * 0.1), abs=1e-3
    )  # t of one degree of freedom


def test_means_and_separations_count_seeds(runs):
    more = pd.concat([runs, runs.assign(gamma=0.7)])
    once, twice = (
        phase_means(rows).set_index(["score", "phase"]).loc[("symmetric_route", "symmetric")] for rows in (runs, more)
    )
    assert (once["n"], twice["n"], once["seeds"], twice["seeds"]) == (2, 4, 2, 2)
    assert once[["value", "low", "high"]].tolist() == twice[["value", "low", "high"]].tolist()
    assert separations(more).set_index("score").loc["symmetric_route", "seeds"] == 1


def test_drawing_fills_complete_separations_only(runs):
    rows = pd.concat([runs.assign(kind="run"), phase_means(runs), separations(runs)]).reindex(columns=drawing.NEEDS)
    options = {"depth": 2, "answered": 0.5}
    (figure,) = drawing.draw(pa.Table.from_pandas(rows, preserve_index=False), options).values()
    labels = [label.get_text() for label in figure.axes[0].get_yticklabels()]
    filled = {labels[round(bar.get_y() + 0.3)]: bar.get_facecolor() != (1, 1, 1, 1) for bar in figure.axes[1].patches}
    assert filled.pop("symmetric route")
    assert not any(filled.values())


@pytest.mark.parametrize("name", ["fig3b_by_phase", "fig4a_more_than_symmetric", "fig5a_more_than_symmetric"])
def test_the_figure_prints_the_numbers_of_the_scorecard(name):
    """On the committed table: separation and interval are those of the claim, seen from the phase that it names."""
    rows = read_whole(REFERENCE / "laptop" / "fig_scores.parquet").to_pandas()
    claim = next(claim for claim in load_claims().claims if claim.name == name)
    wanted = judge_metric(replace(claim, minimal_n=2), 0.95, rows, {}).estimate
    chosen = select(rows, claim.options["where"], {})
    (found,) = separations(chosen).itertuples()
    ends = (found.value, found.low, found.high)
    if claim.options["high"] == "inferential":
        ends = (1 - found.value, 1 - found.high, 1 - found.low)
    assert ends == pytest.approx((wanted.effect, wanted.low, wanted.high))
    assert found.seeds == wanted.n
