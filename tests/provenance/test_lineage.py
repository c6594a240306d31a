"""From a picture to its runs, and what is flagged when a link of the chain was changed."""

from __future__ import annotations

import json

import pytest

from initscale.experiment.grid import needed_studies
from initscale.files.storage import read_json
from initscale.inspection import explain as chain

RUN = "gamma~0.30_depth~2_lr~1.00e-03_seed~0"


def explained(checkout, figure: str = "fig4", *more: str) -> tuple[str, list[str], int]:
    """Text, flags and exit code of `explain`."""
    done = checkout.initscale("explain", figure, "--scale", "smoke", *more)
    assert "Traceback" not in done.stderr, done.stderr
    return done.stdout, [line[2:] for line in done.stdout.splitlines() if line.startswith("! ")], done.returncode


def test_runs_that_others_start_from_belong_to_the_figure(smoke):
    assert "addition_origin" in needed_studies(smoke, "fig17a")
    assert needed_studies(smoke, "fig2") == ["phase"]


def test_chain_leads_to_runs_settings_hashes_and_logs(finished_smoke):
    text, flags, code = explained(finished_smoke)
    results = finished_smoke.root / "results" / "smoke"
    record = read_json(results / "runs" / "phase" / RUN / "run.json")
    for expected in (
        "results/smoke/figures/fig4.png",
        "results/smoke/tables/fig4/scores.parquet",
        RUN,
        record["facts_hash"][:12],
        record["weights_sha256"][:12],
        read_json(results / "data" / "anchor" / "seed~0" / "dataset.json")["content_hash"][:12],
    ):
        assert expected in text
    logs = [line.split()[-1] for line in text.splitlines() if line.split()[0] == "log"]
    assert len(logs) == 2 + 8
    assert all((finished_smoke.root / log).exists() for log in logs)
    assert code == 0
    assert {flag.split(":")[0] for flag in flags} == {"dirty"}  # a copy without git, so its code is not known


def test_sidecar_of_every_figure_names_its_pictures(finished_smoke):
    folder = finished_smoke.root / "results" / "smoke" / "figures"
    named = {path for file in folder.glob("*.json") for path in read_json(file)["files"]}
    assert named == {path.name for path in folder.glob("*.p*")}


def test_a_picture_of_a_figure_is_known_by_its_own_name(finished_smoke):
    text, _, _ = explained(finished_smoke, "fig2_best")
    assert text.startswith("fig2, scale `smoke`")
    done = finished_smoke.initscale("explain", "fig22", "--scale", "smoke")
    assert "`fig22` is not a figure" in done.stderr


def change_picture(root):
    (root / "results/smoke/figures/fig4.png").write_bytes(b"another picture")


def change_table(root):
    (root / "results/smoke/tables/fig4/scores.parquet").write_bytes(b"another table")


def remove_probe(root):
    (root / f"results/smoke/probes/phase/{RUN}/circuits.parquet").unlink()


def change_config(root):
    path = root / "config/scales/smoke.yaml"
    path.write_text(path.read_text().replace("duration: 60 steps", "duration: 80 steps"))


def change_options(root):
    path = root / "config/scales/smoke.yaml"
    path.write_text(path.read_text().replace("fig4: {symmetric: {gamma: 0.3}", "fig4: {symmetric: {gamma: 0.8}"))


def change_drawing(root):
    path = root / "lib/initscale/figures/fig4/drawing.py"
    assert "linewidth" in path.read_text()
    path.write_text(path.read_text().replace("linewidth=", "linewidth=2 * "))


def change_run(root):
    path = root / f"results/smoke/runs/phase/{RUN}/run.json"
    record = json.loads(path.read_text())
    path.write_text(json.dumps(record | {"git": {"commit": "a" * 40, "dirty": True}, "data_hash": "other"}))


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        (change_picture, "stale: the picture results/smoke/figures/fig4.png changed"),
        (change_table, "stale: the table results/smoke/tables/fig4/scores.parquet changed"),
        (remove_probe, f"stale: the input results/smoke/probes/phase/{RUN}/circuits.parquet does not exist"),
        (change_config, f"stale: run {RUN} was made with other settings"),
        (change_options, "stale: config figures.fig4"),
        (change_drawing, "stale: the code that draws fig4 changed"),
        (change_run, f"stale: run {RUN} was made of other inputs: the data set `anchor` is another one"),
        (change_run, f"dirty: run {RUN} was made with uncommitted changes on {'a' * 12}"),
    ],
    ids=["picture", "table", "probe", "settings", "options", "drawing", "data", "uncommitted"],
)
def test_a_changed_link_is_flagged(edited_smoke, change, expected):
    change(edited_smoke.root)
    _, flags, code = explained(edited_smoke)
    assert any(flag.startswith(expected) for flag in flags), flags
    assert code == 1


@pytest.mark.parametrize(
    ("git", "expected"),
    [
        ({"commit": "b" * 40, "dirty": False}, []),
        ({"commit": "b" * 40, "dirty": True}, [f"dirty: it was made with uncommitted changes on {'b' * 12}"]),
        ({"commit": None, "dirty": None}, ["dirty: it was made outside a git checkout, its commit is unknown"]),
    ],
)
def test_dirty_trees(git, expected):
    assert chain._dirty("it", git) == expected
