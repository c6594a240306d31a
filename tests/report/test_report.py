"""The report in a real browser: no error, no request, every picture drawn, filter, menus, keyboard, phone, print."""

from __future__ import annotations

import os
import re
import shutil
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from playwright.sync_api import Page, sync_playwright

from initscale.claims.verdicts import VERDICTS
from initscale.config.load import load_config
from initscale.errors import InputError
from initscale.experiment.grid import bundles
from initscale.experiment.paths import Layout
from initscale.files.storage import read_table, write_table
from initscale.report.content import cost_rows, interval_bar
from initscale.report.explorer import explorer_data
from initscale.stages.report import report
from initscale.stages.scorecard import make_scorecard, scorecard

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")


@pytest.fixture(scope="module")
def page_file(finished_smoke, tmp_path_factory) -> Path:
    """Report of the smoke run, with a scorecard in which every verdict occurs: the first rows are given one each."""
    results = tmp_path_factory.mktemp("report") / "results"
    shutil.copytree(finished_smoke.root / "results", results)
    config = load_config({"scale": "smoke", "results": str(results)})
    judged = make_scorecard(load_config({"scale": "laptop", "source": "reference"}))
    judged.loc[judged.index[: len(VERDICTS)], "verdict"] = list(VERDICTS)
    write_table(Layout(config).scorecard("parquet"), judged)
    return Path(report(config))


@pytest.fixture(scope="module")
def browser():
    if CHROMIUM is None:
        message = "no Chromium found (Debian: apt-get install chromium)"
        pytest.fail(message) if os.environ.get("INITSCALE_BROWSER") == "required" else pytest.skip(message)
    with sync_playwright() as driver:
        chromium = driver.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        yield chromium
        chromium.close()


@pytest.fixture(scope="module", params=[(1280, 900), (390, 844)], ids=["desktop", "phone"])
def opened(request, browser, page_file):
    """The page, with all that it said to the console and all that it asked for; shared, so tests leave it as it was."""
    width, height = request.param
    page = browser.new_context(viewport={"width": width, "height": height}).new_page()
    page.said, page.asked = [], []
    page.on("console", lambda message: page.said.append(message.text))
    page.on("pageerror", lambda error: page.said.append(str(error)))
    page.on("request", lambda request: page.asked.append(request.url))
    page.goto(page_file.as_uri())
    page.wait_for_selector("#flow .main-svg")
    yield page
    page.close()


def visible_claims(page: Page) -> list[str]:
    return page.locator("tr.claim:visible").evaluate_all("rows => rows.map((row) => row.dataset.verdict)")


def test_opens_without_errors_or_requests(opened):
    assert opened.said == []
    assert [url for url in opened.asked if not url.startswith(("file:", "data:", "blob:"))] == []
    assert opened.evaluate("document.documentElement.scrollWidth <= window.innerWidth")


def test_every_picture_is_drawn(opened, page_file):
    pictures = list((page_file.parent / "figures").glob("*.png"))
    drawn = opened.evaluate("[...document.images].filter((one) => one.complete && one.naturalWidth > 100).length")
    assert drawn == opened.locator("img").count() == len(pictures)
    for name in ("map", "curves", "flow"):
        assert opened.locator(f"#{name} .main-svg").count() > 0


def test_filter_by_verdict_with_the_keyboard(opened):
    everything = visible_claims(opened)
    assert set(everything) == set(VERDICTS)
    for verdict in VERDICTS:
        button = opened.locator(f'[data-filter="{verdict}"]')
        button.focus()
        opened.keyboard.press("Enter")
        assert visible_claims(opened) == [verdict] * everything.count(verdict)
        assert button.get_attribute("aria-pressed") == "true"
        assert f"{everything.count(verdict)} claim" in opened.locator("#shown").inner_text()
    opened.locator('[data-filter=""]').click()
    assert visible_claims(opened) == everything


def test_menus_choose_a_run(opened):
    opened.select_option("#gamma", "0.8")
    opened.select_option("#depth", "2")
    opened.select_option("#seed", "1")
    table = opened.locator("#seeds")
    assert "gamma 0.8, depth 2" in table.inner_text()
    assert table.locator("tbody tr").count() == 2
    assert table.locator("tr.chosen td").first.inner_text() == "1"
    drawn = opened.evaluate("document.getElementById('curves').data.find((one) => one.name === 'symmetric').y")
    assert len(drawn) == 4  # evaluations at 0, 20, 40, 60
    assert opened.evaluate("document.getElementById('map').layout.shapes[0].x0") == 0.5


def test_a_cell_of_the_map_can_be_clicked(opened):
    opened.select_option("#gamma", "0.8")
    cell = opened.evaluate("({x: document.getElementById('map').data[0].x[0], y: '3'})")
    opened.evaluate("(point) => document.getElementById('map').emit('plotly_click', {points: [point]})", cell)
    assert opened.locator("#gamma").input_value() == "0.3"
    assert opened.locator("#depth").input_value() == "3"


def test_first_tab_leads_to_the_scorecard(opened):
    opened.reload()
    opened.wait_for_selector("#flow .main-svg")
    opened.keyboard.press("Tab")
    assert opened.evaluate("document.activeElement.getAttribute('href')") == "#scorecard"


def test_print_shows_every_claim(opened):
    opened.locator('[data-filter="reproduced"]').click()
    opened.emulate_media(media="print")
    assert set(visible_claims(opened)) == set(VERDICTS)
    assert not opened.locator(".filters").is_visible()
    opened.emulate_media(media="screen")
    opened.locator('[data-filter=""]').click()


def test_links_lead_to_files_and_places(page_file):
    text = page_file.read_text()
    visible = re.sub(r"<script.*?</script>", "", text, flags=re.S)
    links = set(re.findall(r'href="([^"]+)"', visible)) - {"data:,"}
    places = set(re.findall(r'\bid="([^"]+)"', visible))
    assert {"tables/fig4.parquet", "#fig4", "#runs"} <= links
    for link in links:
        assert link[1:] in places if link.startswith("#") else (page_file.parent / link).exists(), link
    assert not re.findall(r'\b(?:src|href)="(?:https?:)?//', visible)
    assert page_file.stat().st_size <= 30e6


def test_report_needs_a_scorecard(finished_smoke, tmp_path):
    shutil.copytree(finished_smoke.root / "results" / "smoke" / "tables", tmp_path / "smoke" / "tables")
    with pytest.raises(InputError, match=r"scorecard.parquet: does not exist"):
        report(load_config({"scale": "smoke", "results": str(tmp_path)}))


def test_report_without_curves_has_no_diagram(page_file, tmp_path):
    shutil.copytree(page_file.parent, tmp_path / "smoke")
    (tmp_path / "smoke" / "tables" / "fig_curves.parquet").unlink()
    config = load_config({"scale": "smoke", "results": str(tmp_path)})
    scorecard(config)
    text = Path(report(config)).read_text()
    assert 'id="explorer"' not in text
    assert "0 of" in text


def test_explorer_keeps_first_and_last_evaluation():
    steps = np.arange(1000)
    axes = {"gamma": 0.5, "depth": 2, "seed": 0}
    courses = {name: steps / 999 for name in ("symmetric", "inferential", "seen")}
    curves = pd.DataFrame({"step": steps, "loss": [np.nan, *[1.23456] * 999], **courses}).assign(**axes)
    data = explorer_data(curves, None, {"lr": 1e-3, "weight_decay": 0.1}, 0.9)
    (run,) = data["runs"]
    assert (run["step"][0], run["step"][-1]) == (0, 999)
    assert len(run["step"]) == 150
    assert run["loss"][:2] == [None, 1.235]
    assert run["flow"] == []


def test_explorer_takes_the_flow_of_the_recipes_rate(finished_smoke):
    tables = finished_smoke.root / "results" / "smoke" / "tables"
    curves, flows = (read_table(tables / f"{name}.parquet").to_pandas() for name in ("fig_curves", "fig3"))
    data = explorer_data(curves, flows, {"lr": 2e-3, "weight_decay": 0.01}, 0.9)
    run = next(one for one in data["runs"] if (one["gamma"], one["depth"], one["seed"]) == (0.3, 3, 0))
    assert len(run["flow"]) == 3 * 5
    wanted = flows[(flows["kind"] == "flow") & (flows["gamma"] == 0.3) & (flows["depth"] == 3)]
    assert [one["value"] for one in run["flow"]] == pytest.approx(list(wanted["value"]), rel=1e-3)


def test_runs_that_share_a_seed_are_named(page_file):
    scorecard = make_scorecard(load_config({"scale": "laptop", "source": "reference"})).to_pandas()
    shared = scorecard[(scorecard["runs"] > scorecard["n"]) & (scorecard["verdict"] != "not evaluated")]
    assert len(shared) > 0
    text = page_file.read_text(encoding="utf-8")
    for row in shared.itertuples():
        assert f"n = {row.n} ({row.runs} runs)" in text


def test_core_hours_count_every_core_of_a_bundle(tmp_path):
    config = load_config({"scale": "smoke", "results": str(tmp_path), "execution": {"processes": 2}})
    layout, (bundle, *_) = Layout(config), bundles(config["studies"]["lrwd"])
    for name in (f"lrwd/bundle_{bundle}", "phase/gamma~0.30_depth~2_seed~0"):
        path = Path(layout.benchmark(f"train/{name}"))
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("s\th:m:s\n3600\t1:00:00\n")
    assert cost_rows(config) == [{"stage": "train", "jobs": 2, "core_hours": 3.0}]


def test_interval_bar_is_in_order():
    row = pd.Series({"low": 0.2, "high": 0.6, "effect": 0.3, "threshold": 0.9, "direction": "above"})
    bar = interval_bar(row)
    assert 0 < bar["low"] < bar["effect"] < bar["high"] < bar["threshold"] < 100
