"""Kills at random moments: every training resumes, and ends with the files of an uninterrupted one."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
import time

import pytest
from equal_runs import check_equal

KILLS = int(os.environ.get("INITSCALE_KILLS", "10"))  # 100 in the release drill; see benchmarks/README.md
NAME = "gamma~0.30_depth~2_lr~1.00e-03_seed~0"
COMMAND = (
    *(sys.executable, "-m", "initscale", "train", "phase", "--scale", "smoke"),
    *("--select", "gamma=0.3", "depth=2", "lr=0.001", "seed=0"),
    *("--set", "training.single_head.duration=400 steps", "--set", "execution.save_minutes=0.002"),
)
INTERRUPTED = 75


def start(results) -> subprocess.Popen:
    return subprocess.Popen([*COMMAND, "--results", str(results)], stderr=subprocess.PIPE, text=True)


@pytest.fixture(scope="module")
def whole(tmp_path_factory):
    """Results of the training that nobody disturbs."""
    results = tmp_path_factory.mktemp("whole")
    generate = [sys.executable, "-m", "initscale", "generate-data", "anchor", "--scale", "smoke"]
    subprocess.run([*generate, "--results", str(results)], check=True, capture_output=True)
    assert start(results).wait(300) == 0
    return results


def test_killed_trainings_end_like_undisturbed_ones(whole, tmp_path):
    draw = random.Random(1)
    (tmp_path / "smoke").mkdir()
    (tmp_path / "smoke" / "data").symlink_to(whole / "smoke" / "data")
    run, wanted = tmp_path / "smoke" / "runs" / "phase" / NAME, whole / "smoke" / "runs" / "phase" / NAME
    kills = resumed = 0
    while kills < KILLS:
        process = start(tmp_path)
        number = draw.choice([signal.SIGKILL, signal.SIGTERM])
        wait_for_saves(process, run, draw.choice([0, 1, 1, 2, 4, 8]))
        time.sleep(draw.uniform(0, 0.3))  # anywhere between two saves, or inside one
        process.send_signal(number)
        errors, code = process.communicate(timeout=60)[1], process.returncode
        assert "Traceback" not in errors or number == signal.SIGKILL or code == -number, errors
        assert code in (0, -number, INTERRUPTED), errors
        if code == 0:
            check_equal(run, wanted)
            for path in run.iterdir():
                path.unlink()
        else:
            kills += 1
            resumed += (run / "checkpoint.safetensors").exists()
    assert start(tmp_path).wait(300) == 0
    check_equal(run, wanted)
    assert resumed > KILLS / 3, "kills should fall into the training, not only into its start"


def wait_for_saves(process, run, number: int) -> None:
    """Until the training has saved so often, or is over: progress, because a time would depend on the machine."""
    last, limit = saved(run), time.monotonic() + 300
    while number and process.poll() is None:
        assert time.monotonic() < limit, "the training neither saves nor ends"
        time.sleep(0.01)
        if (now := saved(run)) not in (last, None):
            last, number = now, number - 1


def saved(run) -> tuple[int, int] | None:
    """What changes with every save: inode and time of the checkpoint."""
    try:
        facts = (run / "checkpoint.safetensors").stat()
    except FileNotFoundError:
        return None
    return facts.st_ino, facts.st_mtime_ns
