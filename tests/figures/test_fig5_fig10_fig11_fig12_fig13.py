"""Figures 5 and 10 to 13: their tables and drawings from made-up runs, and the checks of what they display."""

from __future__ import annotations

import importlib
import re
from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np
import pytest
from made_up_runs import made_up_run, write_probes
from refusals import refusals

from initscale.config.load import load_config
from initscale.errors import ConfigError, InputError
from initscale.experiment.grid import study_points
from initscale.experiment.paths import Layout
from initscale.files.storage import write_table
from initscale.probes.condensation.measure import WEIGHT
from initscale.stages.figure import draw as draw_stage

FIGURES = ("fig5", "fig10", "fig11", "fig12", "fig13")
COURSES = {1: [0.01, 0.1, 0.1, 0.1], 2: [0.005, 0.005, 0.05, 0.05]}


def make_run(config: dict, point: dict):
    """W_Q of layer 1 is one direction at gamma 0.8 and three orthogonal ones otherwise; embeddings grow at 0.8."""
    small = point["gamma"] == 0.8
    w = np.ones((12, 24)) if small else np.repeat(np.eye(24)[:3], 4, axis=0)
    return made_up_run(config, point, {WEIGHT: w}, COURSES if small else {}, (0.875, 0.125) if small else (0.25, 0.75))


@pytest.fixture(scope="module")
def config(tmp_path_factory) -> dict:
    """The smoke configuration with probes of made-up runs."""
    config = load_config({"scale": "smoke", "results": str(tmp_path_factory.mktemp("results"))})
    write_probes(config, lambda point: make_run(config, point))
    return config


@pytest.fixture(autouse=True)
def close_figures():
    yield
    plt.close("all")


def table_of(config: dict, figure: str):
    return importlib.import_module(f"initscale.figures.{figure}.table").table(config)


def drawn(config: dict, figure: str) -> dict:
    module = importlib.import_module(f"initscale.figures.{figure}.drawing")
    table = table_of(config, figure).select(list(module.NEEDS)).replace_schema_metadata({"caption": "made up"})
    return module.draw(table, config["figures"][figure])


def words(axis) -> str:
    return " ".join([axis.get_title("left"), axis.get_title(), axis.get_xlabel(), *(t.get_text() for t in axis.texts)])


def panels(figure) -> list:
    return [axis for axis in figure.axes if axis.get_label() != "<colorbar>"]


@pytest.mark.parametrize("figure", FIGURES)
def test_scores_of_every_run_are_in_the_table(config, figure):
    data = table_of(config, figure).to_pandas()
    axes = ["gamma", "depth", "lr", "seed"]
    runs = {tuple(point[axis] for axis in axes) for point in study_points(config["studies"]["phase"])}
    scores = data[data["i"] < 0]
    assert set(scores[scores["quantity"] != "epoch"][axes].itertuples(index=False, name=None)) == runs
    assert set(data["weight_decay"]) == {0.01}
    ends = data[(data["quantity"] == "accuracy") & (data["part"] == "4_3_inferential_train_keys")]
    assert set(ends[axes].itertuples(index=False, name=None)) == runs
    assert set(ends[["gamma", "value"]].itertuples(index=False, name=None)) == {(0.3, 0.25), (0.8, 0.875)}
    once = ["gamma", "depth", "lr", "seed", "quantity", "part", "i", "j"]
    assert not data.duplicated(once).any()


@pytest.mark.parametrize("figure", FIGURES)
def test_pictures_are_kept_for_the_shown_runs_at_the_recipes_rate(config, figure):
    data = table_of(config, figure).to_pandas()
    shown = data[data["shown"]]
    assert set(shown["lr"]) == {2e-3}
    assert set(shown["seed"]) == {0}
    assert set(shown["depth"]) == ({2, 3} if figure in ("fig10", "fig11") else {2})
    pictures = {"cosine", "tsne", "pca", "embedding_eigenvalue", "singular_value", "eigenvalue_at_step"}
    kept = data[data["quantity"].isin(pictures)]
    assert len(kept)
    assert kept["shown"].all()


def test_table_of_fig5_separates_the_made_up_phases(config):
    data = table_of(config, "fig5").to_pandas()
    groups = data[(data["quantity"] == "groups") & (data["part"] == "0.7")].set_index("gamma")["value"]
    assert set(groups[0.8]) == {1}
    assert set(groups[0.3]) == {3}


def test_fig5_has_the_papers_panels_with_scores(config):
    for stem, figure in drawn(config, "fig5").items():
        a, b, c, d = panels(figure)
        assert "(a) $\\gamma$ = 0.8: inferential 0.88, symmetric 0.12" in words(a)
        assert "(b) $\\gamma$ = 0.3: inferential 0.25, symmetric 0.75" in words(b)
        assert "|cos| > 0.7: 100.0% of pairs; 1 groups, largest 12" in words(a)
        assert "|cos| > 0.7: 27.3% of pairs; 3 groups, largest 4" in words(b)
        for axis in (c, d):
            assert {str(value) for value in range(20, 40)} <= {text.get_text() for text in axis.texts}
            assert "nearest item 3 or 4 away" in words(axis)
            assert ("of the variance" in words(axis)) == (stem == "fig5_pca")
        assert a.collections[0].get_clim() == (-1, 1)
        assert "made up" in " ".join(text.get_text() for text in figure.texts)


def test_projection_of_fig5_is_drawn_where_the_table_says(config):
    data = table_of(config, "fig5").to_pandas()
    run = data[data["shown"] & (data["gamma"] == 0.3)]
    for stem, projection in (("fig5", "tsne"), ("fig5_pca", "pca")):
        *_, axis = panels(drawn(config, "fig5")[stem])
        places = {text.get_text(): text.get_position() for text in axis.texts}
        wanted = run[(run["quantity"] == projection) & (run["i"] == 27)].sort_values("j")["value"]
        assert places["27"] == pytest.approx(tuple(wanted))


@pytest.mark.parametrize("name", ["fig10", "fig11"])
def test_grids_have_gamma_on_columns_and_depth_on_rows(config, name):
    for figure in drawn(config, name).values():
        grid = panels(figure)
        assert [axis.get_title() for axis in grid] == ["$\\gamma$ = 0.3", "$\\gamma$ = 0.8", "", ""]
        assert [axis.get_ylabel() for axis in grid] == ["depth 2", "", "depth 3", ""]
        score = "groups" if name == "fig10" else "ordinality"
        assert all(score in axis.get_xlabel() for axis in grid)
    if name == "fig10":
        assert [axis.get_xlabel().split("\n")[1] for axis in grid] == [
            "12 neurons, 3 groups",
            "12 neurons, 1 groups",
        ] * 2


def test_fig12_shows_spectra_and_dated_growth(config):
    (figure,) = drawn(config, "fig12").values()
    ends, growth = panels(figure)
    assert [line.get_label().split(":")[0] for line in ends.lines] == ["$\\gamma$ = 0.3", "$\\gamma$ = 0.8"]
    courses = {line.get_label(): line for line in growth.lines if not line.get_label().startswith("_")}
    assert list(courses) == [str(rank) for rank in config["probes"]["spectra"]["ranks"]]
    assert courses["1"].get_xydata().tolist() == [[0, 0.01], [1, 0.1], [2, 0.1], [3, 0.1]]
    dots = [tuple(line.get_xydata()[0]) for line in growth.lines if line.get_marker() == "o"]
    assert dots == [(1, 0.1), (2, 0.05)]
    assert "2 eigenvalues grow; rank correlation" in growth.get_xlabel()
    assert {axis.get_yscale() for axis in (ends, growth)} == {"log"}


def test_fig13_has_one_panel_per_linear_layer(config):
    (figure,) = drawn(config, "fig13").values()
    visible = [axis for axis in panels(figure) if axis.get_visible()]
    assert len(visible) == 13
    data = table_of(config, "fig13").to_pandas()
    for axis, gamma, place in ((visible[0], 0.3, 0), (visible[0], 0.8, 1)):
        assert axis.lines[place].get_label() == f"$\\gamma$ = {gamma}"
        run = data[data["shown"] & (data["gamma"] == gamma) & (data["part"] == "layers.0.attn.q")]
        wanted = run[run["quantity"] == "singular_value"]["value"].to_numpy()
        np.testing.assert_allclose(axis.lines[place].get_ydata(), wanted)
    assert [text.get_text() for text in visible[0].texts] == ["3.0", "1.0"]
    assert visible[0].get_yscale() == "log"


@pytest.mark.parametrize("figure", FIGURES)
def test_stage_draws_from_the_table_file(config, figure):
    write_table(Layout(config).table(figure), table_of(config, figure))
    assert all(Path(path).stat().st_size > 5000 for path in draw_stage(config, figure))


def test_a_missing_probe_is_named(config):
    path = Path(Layout(config).probe_file("phase", next(study_points(config["studies"]["phase"])), "spectra"))
    hidden = path.rename(path.with_suffix(".hidden"))
    try:
        with pytest.raises(InputError, match=r"gamma~0.30_depth~2.*spectra.parquet: does not exist"):
            table_of(config, "fig13")
    finally:
        hidden.rename(path)


@pytest.mark.parametrize(
    ("figures", "message"),
    [
        ({"fig5": {"gammas": {"symmetric": 0.4}}}, r"figures.fig5.gammas.*gamma 0.40.*the grid has gamma \[0.3, 0.8\]"),
        ({"fig10": {"depths": [2, 4]}}, r"figures.fig10.depths.*depth 4.*the grid has depth \[2, 3\]"),
        ({"fig11": {"seed": 7}}, r"figures.fig11.seed.*seed 7.*the grid has seed \[0, 1\]"),
        ({"fig13": {"depth": 3, "seed": 1}}, r"figures.fig13.gammas.*depth 3, seed 1.*but not together"),
        ({"fig5": {"unseen": [3, 4]}}, r"figures.fig5.unseen.*the pair \[3, 4\] is not unseen"),
        ({"fig12": {"over_time": 0.5}}, r"figures.fig12.over_time.*0.5 is not one of the displayed gammas"),
        ({"fig12": {"study": "phases"}}, r"figures.fig12.study.*`phases` is not a key of `studies`"),
    ],
)
def test_displayed_runs_must_exist(figures, message):
    assert any(re.search(message, refusal) for refusal in refusals({"figures": figures}))


@pytest.mark.parametrize(
    ("probes", "message"),
    [
        ({"embedding": {"perplexity": 20}}, "probes.embedding.perplexity.*smaller than the number of items.*20"),
        ({"embedding": {"lags": 25}}, "probes.embedding.lags.*smaller than the number of items.*20"),
        ({"embedding": {"steps": [3, 16]}}, r"probes.embedding.steps.*some, but not all, of the lags 1..15"),
        ({"spectra": {"ranks": [1, 21]}}, r"probes.spectra.ranks.*not exceed the number of eigenvalues.*20"),
        ({"spectra": {"ranks": [2, 1]}}, "probes.spectra.ranks.*must ascend"),
    ],
)
def test_probe_options_must_fit_the_study(probes, message):
    with pytest.raises(ConfigError, match=message):
        load_config({"scale": "smoke", "probes": probes})


def test_figures_need_their_probes():
    others = [name for name in load_config({"scale": "smoke"})["studies"]["phase"]["probes"] if name != "embedding"]
    found = refusals({"studies": {"phase": {"probes": others}}})
    assert any(re.search("fig5 reads the probe `embedding`.*studies.phase.probes", refusal) for refusal in found)


def test_growth_is_dated_by_the_study_whose_evaluations_are_closer(tmp_path):
    """Quantities that date the growth come from there, spectra at the end from the study of the figure."""
    more = {"studies": {"stages": {"like": "phase", "grid": {"gamma": [0.8]}, "more": []}}}
    config = load_config(
        {"scale": "smoke", "results": str(tmp_path), **more, "figures": {"fig12": {"growth": "stages"}}}
    )
    write_probes(config, lambda point: make_run(config, point))
    later = {1: [0.01, 0.01, 0.01, 0.4], 2: [0.005, 0.05, 0.05, 0.05]}
    run = lambda point: made_up_run(config, point, courses=later, study="stages")  # noqa: E731
    write_probes(config, run, study="stages")
    data = table_of(config, "fig12").to_pandas()
    assert set(data.loc[data["quantity"] == "rise_order", "gamma"]) == {0.8}
    assert set(data.loc[data["quantity"] == "embedding_top_share", "gamma"]) == {0.3, 0.8}
    rises = data[(data["quantity"] == "rise_step") & (data["seed"] == 0)].groupby("i")["value"].first()
    assert rises[[1, 2]].tolist() == [60, 20]
    courses = data[data["quantity"] == "eigenvalue_at_step"].set_index(["i", "j"])["value"]
    assert courses[1, 60] == 0.4
    files = importlib.import_module("initscale.figures.fig12.table").inputs(config)
    assert {"spectra", "histories", "growth_spectra", "growth_histories"} == set(files)
    with pytest.raises(ConfigError, match=r"`stagess` is not a key of `studies`.*"):
        load_config({"scale": "smoke", "figures": {"fig12": {"growth": "stagess"}}})


@pytest.mark.parametrize("figure", ["fig5", "fig12", "fig13"])
def test_a_table_that_was_made_with_other_gammas_is_drawn_with_its_own(config, figure):
    """Such as a committed one, before the runs at the configured gammas are made."""
    module = importlib.import_module(f"initscale.figures.{figure}.drawing")
    table = table_of(config, figure).replace_schema_metadata({"caption": "made up"})
    options = dict(config["figures"][figure])
    gammas = {"symmetric": 0.62, "inferential": 0.99}
    options |= {"gammas": gammas if figure == "fig5" else list(gammas.values()), "over_time": 0.99}
    drawings = list(module.draw(table, options).values())
    text = " ".join(words(axis) for drawing in drawings for axis in drawing.axes)
    legends = " ".join(str(line.get_label()) for drawing in drawings for axis in drawing.axes for line in axis.lines)
    assert "0.8" in text + legends
    assert "0.99" not in text + legends
