"""What `status` says of runs that are done, stale, running, interrupted, failed or missing, and of the time left."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from pathlib import Path

import pytest
from made_up_runs import finish_run

from initscale.config.load import load_config
from initscale.experiment.grid import study_points
from initscale.experiment.paths import Layout, failed_file, run_log
from initscale.inspection.status import core_seconds_left, run_status, status_lines
from initscale.training.checkpoint import FILE_NAME


@pytest.fixture
def config(tmp_path) -> dict:
    return load_config({"scale": "smoke", "results": str(tmp_path)})


def put(path: str, text: str, minutes_ago: float = 0) -> None:
    Path(path).parent.mkdir(parents=True, exist_ok=True)
    Path(path).write_text(text)
    then = time.time() - 60 * minutes_ago
    os.utime(path, (then, then))


def finish(config: dict, point: dict, seconds: float, **changes) -> None:
    layout, log = Layout(config), run_log(config, "phase", point)
    finish_run(config, "phase", point, **changes)
    put(layout.benchmark(f"train/phase/{log}"), f"s\th:m:s\n{seconds}\t0:00:01\n")


def write_log(config: dict, point: dict, text: str, minutes_ago: float = 0) -> None:
    put(Layout(config).log(f"train/phase/{run_log(config, 'phase', point)}"), text, minutes_ago)


def test_states(config):
    done, stale, running, interrupted, failed, resumable, saved, *rest = study_points(config["studies"]["phase"])
    finish(config, done, 10)
    finish(config, stale, 10, facts_hash="other settings")
    write_log(config, running, f"attempt 1, process {os.getpid()}\nstep 0 of 60\nstep 45 of 60, loss 1\n", 60)
    write_log(config, interrupted, f"attempt 1, process {dead_process()}\nphase: step 30 of 60\n")
    put(f"{Layout(config).run_folder('phase', interrupted)}/{FILE_NAME}", "")
    write_log(config, failed, "phase: step 30 of 60\nTraceback (most recent call last):\n")
    put(f"{Layout(config).run_folder('phase', resumable)}/{FILE_NAME}", "", minutes_ago=60)
    write_log(config, saved, "attempt 1, SLURM job 7\nphase: step 15 of 60\n", minutes_ago=60)
    put(f"{Layout(config).run_folder('phase', saved)}/{FILE_NAME}", "")
    found = [run_status(config, "phase", point) for point in study_points(config["studies"]["phase"])]
    states = ["done", "stale", "running", "interrupted", "failed", "interrupted", "running"]
    assert [run.state for run in found] == states + ["missing"] * len(rest)
    assert [run.share for run in found[:5]] == [1, 0, 0.75, 0.5, 0.5]
    text = "\n".join(status_lines(config))
    assert "8 runs: 1 done, 1 stale, 2 running, 2 interrupted, 1 failed, 1 missing" in text
    assert ".log" in next(line for line in text.splitlines() if line.startswith("  failed"))
    assert "75%" in text


def dead_process() -> int:
    """Number of a process that has ended."""
    process = subprocess.Popen([sys.executable, "-c", ""])
    process.wait()
    return process.pid


def test_a_training_that_was_just_stopped_is_interrupted(config):
    point = next(study_points(config["studies"]["phase"]))
    write_log(config, point, f"attempt 1, process {os.getpid()}\nphase: step 30 of 60\n")
    assert run_status(config, "phase", point).state == "running"
    name, folder = run_log(config, "phase", point), Layout(config).run_folder("phase", point)
    put(str(failed_file(Path(Layout(config).log(f"train/phase/{name}")))), "state saved at step 30")
    put(f"{folder}/{FILE_NAME}", "")
    assert run_status(config, "phase", point).state == "interrupted"


def test_a_save_is_promised_only_where_there_is_one(config):
    """Ctrl-C before the first save: the process is gone, the log says step 12, nothing was saved."""
    point = next(study_points(config["studies"]["phase"]))
    write_log(config, point, f"attempt 1, process {dead_process()}\nphase: step 12 of 60\n")
    assert run_status(config, "phase", point).state == "missing"
    Path(Layout(config).run_folder("phase", point)).mkdir(parents=True)
    status = run_status(config, "phase", point)
    assert (status.state, status.share) == ("interrupted", 0)
    assert "nothing was saved yet" in status.detail


@pytest.mark.parametrize("content", ["", "{", "{}", "[]", "null", '{"facts_hash": 1}', "\x00"])
def test_a_damaged_record_is_named_and_stops_nothing(config, content):
    first, second, *_ = study_points(config["studies"]["phase"])
    finish(config, second, 10)
    put(f"{Layout(config).run_folder('phase', first)}/run.json", content)
    text = "\n".join(status_lines(config))
    assert "1 done, 1 stale" in text


def test_time_left_is_by_layers_and_share(config):
    points = list(study_points(config["studies"]["phase"]))
    two, three = [[p for p in points if p["depth"] == depth] for depth in (2, 3)]
    for point in two[:3]:
        finish(config, point, 100)  # 50 s a layer
    write_log(config, two[3], f"attempt 1, process {os.getpid()}\nstep 30 of 60\n")
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
