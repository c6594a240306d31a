"""What `status` says of runs that are done, stale, running, interrupted, failed or missing, and of the time left."""

from __future__ import annotations

import os
import time
from pathlib import Path

import pytest

from initscale.config import load_config
from initscale.grid import facts_hash, run_facts, study_points
from initscale.inspection.status import core_seconds_left, run_status, status_lines
from initscale.paths import Layout, run_log
from initscale.storage import write_json
from initscale.training.checkpoint import FILE_NAME
from initscale.workflow.job import failed_file


@pytest.fixture
def config(tmp_path) -> dict:
    return load_config({"scale": "smoke", "results": str(tmp_path)})


def put(path: str, text: str, minutes_ago: float = 0) -> None:
    Path(path).parent.mkdir(parents=True, exist_ok=True)
    Path(path).write_text(text)
    then = time.time() - 60 * minutes_ago
    os.utime(path, (then, then))


def finish(config: dict, point: dict, seconds: float, facts: dict | None = None) -> None:
    layout, log = Layout(config), run_log(config, "phase", point)
    known = facts_hash(facts or run_facts(config, "phase", point))
    write_json(f"{layout.run_folder('phase', point)}/run.json", {"facts_hash": known})
    put(layout.benchmark(f"train/phase/{log}"), f"s\th:m:s\n{seconds}\t0:00:01\n")


def write_log(config: dict, point: dict, text: str, minutes_ago: float = 0) -> None:
    put(Layout(config).log(f"train/phase/{run_log(config, 'phase', point)}"), text, minutes_ago)


def test_states(config):
    done, stale, running, interrupted, failed, resumable, saved, *rest = study_points(config["studies"]["phase"])
    finish(config, done, 10)
    finish(config, stale, 10, {"other": "settings"})
    write_log(config, running, "phase: step 0 of 60\nphase: step 45 of 60, loss 1\n")
    write_log(config, interrupted, "phase: step 30 of 60\n", minutes_ago=60)
    write_log(config, failed, "phase: step 30 of 60\nTraceback (most recent call last):\n")
    put(f"{Layout(config).run_folder('phase', resumable)}/{FILE_NAME}", "", minutes_ago=60)
    write_log(config, saved, "phase: step 15 of 60\n", minutes_ago=60)
    put(f"{Layout(config).run_folder('phase', saved)}/{FILE_NAME}", "")
    found = [run_status(config, "phase", point) for point in study_points(config["studies"]["phase"])]
    states = ["done", "stale", "running", "interrupted", "failed", "interrupted", "running"]
    assert [run.state for run in found] == states + ["missing"] * len(rest)
    assert [run.share for run in found[:5]] == [1, 0, 0.75, 0.5, 0.5]
    text = "\n".join(status_lines(config))
    assert "8 runs: 1 done, 1 stale, 2 running, 2 interrupted, 1 failed, 1 missing" in text
    assert ".log" in next(line for line in text.splitlines() if line.startswith("  failed"))
    assert "75%" in text


def test_a_training_that_was_just_stopped_is_interrupted(config):
    point = next(study_points(config["studies"]["phase"]))
    write_log(config, point, "phase: step 30 of 60\n")
    assert run_status(config, "phase", point).state == "running"
    name = run_log(config, "phase", point)
    put(str(failed_file(Path(Layout(config).log(f"train/phase/{name}")))), "state saved at step 30")
    assert run_status(config, "phase", point).state == "interrupted"


def test_time_left_is_by_layers_and_share(config):
    points = list(study_points(config["studies"]["phase"]))
    two, three = [[p for p in points if p["depth"] == depth] for depth in (2, 3)]
    for point in two[:3]:
        finish(config, point, 100)  # 50 s a layer
    write_log(config, two[3], "step 30 of 60\n")
    runs = [run_status(config, "phase", point) for point in points]
    half, left = 50, len(two) - 4
    assert core_seconds_left(runs) == pytest.approx(half + 100 * left + 150 * len(three))
    assert "min of one worker left" in "\n".join(status_lines(config))


def test_time_left_without_a_benchmark_is_unknown(config):
    assert "time left unknown" in "\n".join(status_lines(config))


def test_a_bundles_job_is_shared_by_its_runs(tmp_path):
    bundled = {"studies": {"phase": {"bundle": 2}}}
    config = load_config({"scale": "smoke", "results": str(tmp_path)} | bundled)
    points = list(study_points(config["studies"]["phase"]))
    names = [run_log(config, "phase", point) for point in points]
    first, second = (point for point, name in zip(points, names, strict=True) if name == names[0])
    finish(config, first, 80)
    finish(config, second, 80)
    assert [run_status(config, "phase", point).seconds for point in (first, second)] == [40, 40]


def test_finished_study_has_nothing_left(finished_smoke):
    done = finished_smoke.initscale("status", "--scale", "smoke", check=True)
    assert "8 done, 0 missing; nothing left to train" in done.stdout
