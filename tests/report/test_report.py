"""The report in a real browser: no error, no request, every picture drawn, menus, keyboard, phone, print, axe."""

from __future__ import annotations

import json
import os
import re
import shutil
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page, sync_playwright

from initscale.claims.verdicts import VERDICTS
from initscale.config.load import load_config
from initscale.errors import InputError
from initscale.experiment import paths
from initscale.experiment.grid import bundles
from initscale.experiment.paths import Layout
from initscale.figures import figure_order, pictures_of, table_files
from initscale.files.parts import read_whole
from initscale.files.storage import read_json, write_table
from initscale.inspection.currency import Currency
from initscale.report import committed
from initscale.report.content import cost_rows, interval_bar
from initscale.report.costs import costs_of, training_costs
from initscale.report.explorer import clearest, explorer_data
from initscale.report.replay import drawn_replay
from initscale.report.side_by_side import side_by_side
from initscale.report.titles import shortened, title_of
from initscale.stages.report import drawn_figures, report
from initscale.stages.scorecard import make_scorecard, scorecard

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")


@pytest.fixture(scope="module")
def page_file(finished_smoke, tmp_path_factory) -> Path:
    """Report of the smoke run, with a scorecard in which every verdict occurs: the first rows are given one each."""
    results = tmp_path_factory.mktemp("report") / "results"
    shutil.copytree(finished_smoke.root / "results", results)
    config = load_config({"scale": "smoke", "results": str(results)})
    scorecard(config)
    judged = make_scorecard(load_config({"scale": "laptop", "source": "reference"}))
    verdicts = [*VERDICTS, *judged["verdict"].to_pylist()[len(VERDICTS) :]]
    column = judged.schema.get_field_index("verdict")
    judged = judged.set_column(column, judged.schema.field(column), pa.array(verdicts))
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


def test_no_link_leaves_the_file(page_file):
    """The page is mailed: what it links to is a place in it or inside the link itself."""
    text = page_file.read_text()
    visible = re.sub(r"<script.*?</script>", "", text, flags=re.S)
    links = re.findall(r'<a [^>]*?href="([^"]+)"([^>]*)>', visible)
    places = re.findall(r'\bid="([^"]+)"', visible)
    assert len(places) == len(set(places))
    assert {"#fig4", "#runs", "#beside", "#replay"} <= {link for link, _ in links}
    for link, rest in links:
        inside = link.startswith("data:") and "download=" in rest
        assert inside or (link.startswith("#") and link[1:] in places), link[:80]
    assert not re.findall(r'\b(?:src|href)="(?!#|data:)', visible)
    assert page_file.stat().st_size <= 30e6


def test_a_table_can_be_saved_from_the_page(opened, page_file, tmp_path):
    opened.evaluate("document.querySelector('#fig4 details').open = true")
    with opened.expect_download() as waiting:
        opened.locator("#fig4 a[download]").first.click()
    opened.evaluate("document.querySelector('#fig4 details').open = false")
    waiting.value.save_as(tmp_path / "saved.parquet")
    name = waiting.value.suggested_filename.removeprefix("fig4_")
    assert (tmp_path / "saved.parquet").read_bytes() == (page_file.parent / "tables" / "fig4" / name).read_bytes()


def test_figures_stand_in_the_papers_order_and_are_listed(opened):
    shown = opened.locator("article").evaluate_all("all => all.map((one) => one.id)")
    assert shown == sorted(shown, key=figure_order)
    assert shown[0] == "fig1"
    listed = opened.locator("nav.contents ul ul a").evaluate_all("all => all.map((one) => one.hash.slice(1))")
    assert listed == shown
    assert opened.locator("nav.contents ul").first.is_visible() == (opened.viewport_size["width"] >= 1100)


def test_captions_stand_once(opened, page_file):
    """They are printed in the pictures; as text they are folded away."""
    assert opened.locator("figcaption").count() == 0
    captions = opened.locator("article li.caption")
    assert captions.count() == opened.locator("article").count()
    assert not any(captions.evaluate_all("all => all.map((one) => one.checkVisibility())"))


def test_diagram_texts_do_not_cover_each_other(opened):
    """The legend stands above the curves; the title of the loss axis beside its tick labels."""
    wait_until(opened, "document.querySelectorAll('#curves .y2tick text').length > 0")
    above, top = opened.evaluate(
        """() => { const plot = document.getElementById("curves"), place = (one) => one.getBoundingClientRect();
        return [place(plot.querySelector(".legend")).bottom - place(plot).top, plot._fullLayout.yaxis._offset]; }"""
    )
    assert above <= top
    overlaps = opened.evaluate(
        """() => { const place = (one) => one.getBoundingClientRect(), found = [];
        for (const axis of ["y", "y2"]) {
          const title = place(document.querySelector(`#curves .g-${axis}title text`));
          for (const tick of document.querySelectorAll(`#curves .${axis}tick text`))
            if (place(tick).left < title.right - 1) found.push(`${axis} ${tick.textContent}`);
        } return found; }"""
    )
    assert overlaps == []


def test_what_is_wider_than_the_screen_says_so(opened):
    wide = opened.locator("figure.wide.scrolls")
    if opened.viewport_size["width"] > 720:
        assert wide.count() == 0
        return
    assert wide.count() > 5
    words = wide.first.evaluate("(one) => getComputedStyle(one, '::before').content")
    assert "sideways" in words
    assert wide.first.evaluate("(one) => one.tabIndex") == 0


def wait_until(page: Page, condition: str) -> None:
    """Wait for a JavaScript expression; the page's own policy forbids Playwright's way to do so."""
    for _ in range(300):
        if page.evaluate(condition):
            return
        page.wait_for_timeout(100)
    raise AssertionError(f"never came true: {condition}")


def change_scheme(page: Page, scheme: str) -> None:
    """Ask for light or dark, and wait until the diagrams have the page's colours."""
    page.emulate_media(color_scheme=scheme)
    ink = "getComputedStyle(document.documentElement).getPropertyValue('--ink').trim()"
    wait_until(page, f"document.getElementById('map').layout.font.color === {ink}")


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_axe_finds_no_violation(opened, scheme):
    change_scheme(opened, scheme)
    found = Axe().run(opened).response
    change_scheme(opened, "light")
    assert [(one["id"], one["nodes"][0]["html"][:200]) for one in found["violations"]] == []
    assert len(found["passes"]) > 20


def test_dark_mode_changes_page_and_diagrams(opened):
    def colours(scheme):
        change_scheme(opened, scheme)
        return opened.evaluate(
            "[getComputedStyle(document.body).backgroundColor, document.getElementById('map').layout.font.color]"
        )

    dark, light = colours("dark"), colours("light")
    assert light[0] == "rgb(255, 255, 255)"
    assert all(one != other for one, other in zip(light, dark, strict=True))


def test_titles_are_split_into_label_and_words():
    assert title_of("fig2")[0] == "Fig 2a,b"
    assert "`" not in title_of("fig11")[1]
    assert title_of("fig_circuits")[0] == "The causal check"
    assert title_of("curves", "curves_phase")[0].endswith("(curves_phase)")
    assert shortened("One (two, three), four") == "One"
    assert shortened("Vectors v(x; a, b) and u") == "Vectors v(x; a, b) and u"


def test_report_is_made_of_the_committed_tables_that_it_shows(page_file):
    config = load_config({"scale": "smoke", "results": str(page_file.parents[1])})
    layout, figures = Layout(config), drawn_figures(config)
    pictures = [path for name in figures for path in pictures_of(layout, name)]
    others = committed.committed_inputs(config)
    tables = [path for name in figures for path in table_files(layout, name)]
    files = [*map(layout.scorecard, ("parquet", "companions.parquet")), *tables, *pictures, *others]
    assert any(path.endswith("laptop/fig2.parquet") for path in others)
    assert Currency(config).report(files, []).is_current
    assert Currency(config).report(files[:-1], []).is_stale


def test_report_needs_a_scorecard(finished_smoke, tmp_path):
    shutil.copytree(finished_smoke.root / "results" / "smoke" / "tables", tmp_path / "smoke" / "tables")
    with pytest.raises(InputError, match=r"scorecard.parquet: does not exist"):
        report(load_config({"scale": "smoke", "results": str(tmp_path)}))


def test_picture_of_another_table_is_refused(page_file, tmp_path):
    shutil.copytree(page_file.parent, tmp_path / "smoke")
    sidecar = tmp_path / "smoke" / "figures" / "fig2.json"
    record = read_json(sidecar)
    sidecar.write_text(json.dumps(record | {"inputs": {"fig2/one": "0" * 64, "fig2/two": "1" * 64}}))
    with pytest.raises(InputError, match=r"drawn from 2 file\(s\), and its table has 1 now.*snakemake --cores 2 fig2"):
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
    curves, flows = (read_whole(tables / f"{name}.parquet").to_pandas() for name in ("fig_curves", "fig3"))
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


def test_trainings_cost_what_their_records_say(finished_smoke):
    config = load_config({"scale": "smoke", "results": str(finished_smoke.root / "results")})
    costs = training_costs(config)
    (phase,) = [entry for entry in costs if entry["studies"] == ["phase"]]
    records = [read_json(path) for path in (finished_smoke.root / "results/smoke/runs/phase").glob("*/run.json")]
    assert phase["runs"] == len(records) > 1
    assert phase["core_hours"] * 3600 == pytest.approx(sum(record["cpu_seconds"] for record in records))
    assert costs_of(costs, config, "fig2") == [phase]
    assert costs_of(costs, config, "fig1") == []


def test_reference_tables_come_with_the_cost_of_their_trainings():
    config = load_config({"scale": "laptop", "source": "reference"})
    costs = training_costs(config)
    for figure in ("fig2", "fig2c", "fig6", "fig7", "fig14", "fig17a", "fig17b"):
        assert sum(entry["core_hours"] for entry in costs_of(costs, config, figure)) > 0, figure
    known = {study for entry in costs for study in entry["studies"]}
    assert known <= set(config["studies"])


def test_scales_stand_side_by_side():
    config = load_config({"scale": "smoke"})
    laptop = make_scorecard(load_config({"scale": "laptop", "source": "reference"})).to_pandas()
    own = laptop.assign(verdict="not evaluated", reason="nothing was run", effect=np.nan)
    beside = side_by_side(config, own)
    place = beside["columns"].index("laptop, reference")
    assert beside["columns"][0] == "smoke, own runs"
    judged = laptop[laptop["verdict"] != "not evaluated"].set_index("claim")["verdict"]
    cells = {row["claim"]: row["cells"][place] for row in beside["rows"]}
    assert {claim: cells[claim]["verdict"] for claim in judged.index} == judged.to_dict()
    assert all(
        row["cells"][0] == {"verdict": "not evaluated", "effect": "", "why": "nothing was run"}
        for row in beside["rows"]
    )
    assert len(beside["rows"]) + beside["unjudged"] == len(laptop)
    assert set(beside["without"]) & {"laptop", "smoke"} == set()


def test_replay_of_another_scale_is_shown(tmp_path, monkeypatch):
    """A table with one made-up epoch, where the reference tables would be."""
    row = {"gamma": 0.8, "seed": 1, "precision": "bf16", "quantity": "train_loss", "group": "", "ours": 1.0}
    table = pa.Table.from_pylist([row | {"epoch": epoch, "authors": 1.0 + epoch / 100} for epoch in range(3)])
    for module in (committed, paths):
        monkeypatch.setattr(module, "REFERENCE", tmp_path)
    config = load_config({"scale": "smoke", "results": str(tmp_path / "results")})
    assert committed.committed_replay(config) is None
    scale = committed.scales_with_replay()[0]
    (tmp_path / scale).mkdir()
    pq.write_table(table, tmp_path / scale / "fig_authors_run.parquet")
    assert committed.committed_replay(config) == (scale, tmp_path / scale / "fig_authors_run.parquet")
    assert any(path.endswith("fig_authors_run.parquet") for path in committed.committed_inputs(config))
    pictures = drawn_replay(scale)
    assert [one["stem"] for one in pictures] == ["fig_authors_run", "fig_authors_run_small"]
    assert all(one["content"].startswith(b"\x89PNG") for one in pictures)


def test_replay_that_does_not_exist_is_told(opened):
    text = opened.locator("#replay").inner_text()
    assert opened.locator("#replay img").count() > 0 or "fig_authors_run --config scale=" in text


def test_first_run_is_the_one_with_the_clearest_answer():
    run = lambda seen, inferential, symmetric: {  # noqa: E731
        "seen": [0.0, seen],
        "inferential": [0.0, inferential],
        "symmetric": [0.0, symmetric],
    }
    runs = [run(0.2, 1.0, 0.0), run(1.0, 0.3, 0.5), run(1.0, 0.1, 0.9), run(1.0, 0.9, 0.1)]
    assert clearest(runs, 0.9) == 3
    assert clearest(runs[:3], 0.9) == 2
    assert clearest(runs[:1], 0.9) == 0


def test_interval_bar_is_in_order():
    row = pd.Series({"low": 0.2, "high": 0.6, "effect": 0.3, "threshold": 0.9, "direction": "above"})
    bar = interval_bar(row)
    assert 0 < bar["low"] < bar["effect"] < bar["high"] < bar["threshold"] < 100
