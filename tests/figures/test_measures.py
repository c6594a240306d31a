"""Tables and drawings of the measures beyond the paper, from made-up runs with known numbers."""

from __future__ import annotations

import importlib

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
from companion_runs import PROBES, SLOW, factor, measured_phase

from initscale.experiment.grid import study_points
from initscale.figures.fig_measures import drawing as measures_drawing
from initscale.figures.fig_measures import table as fig_measures
from initscale.figures.panels.companions import PHASES
from initscale.figures.reading.companions import COLUMNS
from initscale.figures.reading.displayed import AXES

_MADE_OF_SEVERAL = ("(f) broadcast", "(h) entropy")
"""Panels of fig_attention that do not draw the numbers of the table one by one."""


@pytest.fixture(scope="module")
def config(tmp_path_factory) -> dict:
    return measured_phase(tmp_path_factory)


@pytest.fixture(autouse=True)
def close_figures():
    yield
    plt.close("all")


def table_of(config: dict, figure: str) -> pa.Table:
    return importlib.import_module(f"initscale.figures.{figure}.table").table(config)


def drawn(config: dict, figure: str, table: pa.Table):
    module = importlib.import_module(f"initscale.figures.{figure}.drawing")
    (picture,) = module.draw(
        table.select(list(module.NEEDS)), config["figures"][figure] | config["figures"]["style"]
    ).values()
    return picture


@pytest.mark.parametrize("figure", PROBES)
def test_table_has_every_score_of_every_run_with_the_runs_own_answers(config, figure):
    table = table_of(config, figure)
    assert table.column_names == [column.name for column in COLUMNS]
    rows = table.to_pandas()
    points = list(study_points(config["studies"]["phase"]))
    assert rows.groupby(list(AXES)).ngroups == len(points)
    assert not rows.duplicated([*AXES, "quantity", "part"]).any()
    (name, part), some = next(iter(rows.dropna(subset="value").groupby(["quantity", "part"])))
    one = some.set_index(list(AXES))["value"]
    base = one.iloc[0] / factor(dict(zip(AXES, one.index[0], strict=True)))
    for axes, value in one.items():
        assert value == pytest.approx(base * factor(dict(zip(AXES, axes, strict=True)))), (name, part)
    runs = rows.drop_duplicates(list(AXES))
    fast = runs["lr"] > SLOW["lr"]
    assert set(runs.loc[fast, ["gamma", "phase"]].itertuples(index=False, name=None)) == {
        (0.3, "symmetric"),
        (0.8, "inferential"),
    }
    assert set(runs.loc[~fast, "phase"]) == {"shaded"}
    assert (runs["fitted"] == fast).all()
    assert set(runs["loss"]) == {0.5}


@pytest.mark.parametrize("figure", PROBES)
def test_dots_are_the_runs_of_the_table_in_the_colours_of_their_answers(config, figure):
    table = table_of(config, figure)
    picture, rows = drawn(config, figure, table), table.to_pandas()
    rows = rows[rows["depth"] == 2]
    colours, gammas = {colour: phase for phase, (colour, _) in PHASES.items()}, rows.groupby("phase")["gamma"].agg(set)
    panels = [axis for axis in picture.axes if not axis.get_title("left").startswith(_MADE_OF_SEVERAL)]
    dots = [line for axis in panels for line in axis.lines if line.get_linestyle() == "None" and len(line.get_xdata())]
    assert dots
    for line in dots:
        assert {round(y, 9) for y in line.get_ydata()} <= set(np.round(rows["value"].dropna(), 9))
        assert set(line.get_xdata()) <= gammas[colours[line.get_color()]]
    legend = [text.get_text() for text in picture.legends[0].texts]
    assert legend == ["symmetric answers (2)", "composed answers (2)", "neither (0)", "seen pairs not learnt (2)"]
    caption = " ".join(text.get_text() for text in picture.texts).replace("\n", " ")
    assert "Scale `smoke`" in caption
    assert "Depth 2." in caption


def test_line_is_the_mean_of_the_runs_geometric_on_a_logarithmic_axis(config):
    table = table_of(config, "fig_lidar")
    picture, rows = drawn(config, "fig_lidar", table), table.to_pandas()
    of = rows[(rows["depth"] == 2) & (rows["quantity"] == "lidar") & (rows["part"] == "layer1")]
    means = np.exp(np.log(of["value"]).groupby(of["gamma"]).mean())
    line = next(line for line in picture.axes[0].lines if line.get_label() == "layer 1")
    np.testing.assert_allclose(line.get_ydata(), means)


def test_broadcast_of_the_drawing_is_the_sum_over_both_anchors(config):
    table = table_of(config, "fig_attention")
    picture, rows = drawn(config, "fig_attention", table), table.to_pandas()
    parts = rows[(rows["depth"] == 2) & (rows["quantity"] == "broadcast") & rows["part"].str.startswith("layer2")]
    sums = parts.groupby(["gamma", "lr", "seed"])["value"].sum().groupby("gamma").mean()
    (axis,) = (axis for axis in picture.axes if axis.get_title("left").startswith("(f)"))
    line = next(line for line in axis.lines if line.get_label() == "layer 2")
    np.testing.assert_allclose(line.get_ydata(), sums)


# fig_measures


def runs_of(values: dict[str, np.ndarray], gammas, answers_R, seeds=None) -> pd.DataFrame:
    """Rows as ``measures_of_runs`` gives them; one column of numbers per score, one number per run."""
    facts = pd.DataFrame({"gamma": gammas, "inferential": answers_R}).assign(depth=2, lr=1e-3, weight_decay=0.1)
    facts["seed"] = np.arange(len(facts)) if seeds is None else seeds
    names = {"figure": "fig_change", "part": ""}
    return pd.concat([facts.assign(score=score, value=value, **names) for score, value in values.items()])


def test_trend_is_taken_inside_each_seed_and_no_change_is_no_trend():
    gammas, seeds = [0.1, 0.2, 0.3] * 2, [0] * 3 + [1] * 3
    found = fig_measures.trends(
        runs_of({"up": [1, 2, 3, 30, 20, 10], "flat": [1.0] * 6}, gammas, [0.0] * 6, seeds)
    ).set_index(["score", "seed"])
    assert found["value"].to_dict() == {("up", 0): 1.0, ("up", 1): -1.0, ("flat", 0): 0.0, ("flat", 1): 0.0}
    two = runs_of({"up": [1, 2]}, [0.1, 0.2], [0, 0], [0, 0])
    assert fig_measures.trends(two).empty


def test_within_gamma_sees_what_gamma_hides():
    """The score falls with gamma and rises with the answer among runs of equal gamma."""
    draw = np.random.default_rng(0)
    gammas = np.repeat([0.1, 0.5, 0.9], 20)
    answers_R = gammas + draw.uniform(-0.05, 0.05, 60)
    scores = {"hidden": -10 * gammas + answers_R, "noise": draw.standard_normal(60)}
    runs = runs_of(scores, gammas, answers_R)
    options = {"permutations": 400, "confidence": 0.95, "seed": 0}
    within, limit = fig_measures.within(runs, options)
    found = within.set_index("score")
    assert np.corrcoef(scores["hidden"], answers_R)[0, 1] < -0.9
    assert found.loc["hidden", "value"] == pytest.approx(1.0)
    assert found.loc["hidden", "p"] == pytest.approx(1 / 401)
    assert found.loc["noise", "p"] > 0.05
    assert abs(found.loc["noise", "value"]) < limit["value"].item() < 0.6


def test_threshold_is_exceeded_by_chance_as_often_as_it_says():
    """Of many pure noise scores the largest passes the threshold in about 5 % of draws."""
    passed, options = 0, {"permutations": 100, "confidence": 0.95, "seed": 0}
    gammas = np.repeat([0.1, 0.5], 8)
    for number in range(60):
        draw = np.random.default_rng(number)
        runs = runs_of({f"s{i}": draw.standard_normal(16) for i in range(5)}, gammas, draw.standard_normal(16))
        rows, limit = fig_measures.within(runs, options)
        passed += rows["value"].abs().max() > limit["value"].item()
    assert passed <= 9  # binomial(60, 0.05) exceeds 9 with probability 4e-4


def test_answers_that_never_differ_at_fixed_gamma_give_no_correlation():
    runs = runs_of({"any": [1.0, 2.0, 3.0, 4.0]}, [0.1, 0.1, 0.9, 0.9], [0.0, 0.0, 1.0, 1.0])
    options = {"permutations": 100, "confidence": 0.95, "seed": 0}
    (rows,) = fig_measures.within(runs, options)
    assert rows.empty


@pytest.fixture
def tables(config) -> dict[str, pd.DataFrame]:
    """Tables of the five figures beyond the paper, and of the paper's with one score each."""
    found = {figure: table_of(config, figure).to_pandas() for figure in PROBES}
    runs = found["fig_change"].drop_duplicates(list(AXES))[list(AXES)]
    measured = runs.assign(quantity="groups", part="0.7", i=-1, j=-1, value=1.0)
    return found | {
        "fig3": runs.assign(score="symmetric_accuracy", part="", value=1.0),
        "fig4": runs.assign(kind="ao_score", part="", value=1.0),
        "fig5": measured,
        "fig12": measured.assign(quantity="stable_rank", part="q"),
        "fig_circuits": runs.assign(score="switch", part="", value=1.0),
    }


def test_settings_answers_and_unfitted_runs_are_no_measures(tables):
    every = fig_measures.measures_of_runs(tables, 2, fitted_only=False)
    fitted = fig_measures.measures_of_runs(tables, 2, fitted_only=True)
    scores = set(every["score"])
    assert {"change_stable_rank", "entropy_last", "lambda_max", "lidar", "groups", "switch"} <= scores
    assert not scores & {"sequences", "decay_factor", "median_probability", "symmetric_accuracy", "ao", "classes"}
    assert set(every["lr"]) == {1e-3, 2e-3}
    assert set(fitted["lr"]) == {2e-3}
    assert set(every["depth"]) == {2}
    parts = set(every.loc[every["score"] == "change_stable_rank", "part"])
    assert {"ffn", "output", "tokens", "layers.0.qk", "layers.1.ov"} == parts - {"layers.1.qk", "layers.0.ov"}


def test_drawing_of_the_measures_has_a_line_per_score(config):
    draw = np.random.default_rng(1)
    gammas, seeds = np.tile([0.1, 0.5, 0.9], 8), np.repeat(np.arange(8), 3)
    noise = draw.standard_normal(24)
    runs = runs_of({"rising": gammas, "answer": noise}, gammas, noise, seeds)
    options = config["figures"]["fig_measures"] | {"permutations": 200}
    frames = [fig_measures.trends(runs), *fig_measures.within(runs, options)]
    table = fig_measures.nullable_table(fig_measures.COLUMNS, frames, "made up")
    (picture,) = measures_drawing.draw(table, options).values()
    left, right = picture.axes[2:4]  # the half of fig_change
    assert [text.get_text() for text in left.get_yticklabels()] == ["rising", "answer"]
    assert left.patches[0].get_width() == pytest.approx(1.0)
    bars = [bar.get_width() for bar in right.patches]
    assert bars == pytest.approx([1.0])  # a score that does not differ at fixed gamma has no correlation
    assert "made up" in picture.texts[-1].get_text()
