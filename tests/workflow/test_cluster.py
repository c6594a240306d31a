"""Jobs for a cluster, as far as they can be tested without one; tests/slurm has a real one."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
import time
from pathlib import Path
from types import SimpleNamespace

import pytest
from conftest import REPOSITORY, Checkout
from equal_runs import check_equal

from initscale.config.load import load_config
from initscale.errors import Interrupted, TrainingError
from initscale.experiment.grid import bundles, cpus
from initscale.experiment.paths import failed_file
from initscale.workflow.job import failures, job
from initscale.workflow.slurm import _gpu, job_resources

SITE = {"account": "lab", "partition": "cpu", "gpu_partition": "gpu", "gpu": "--gres=gpu:a100:1", "extra": "--nice"}


def configured(**execution) -> dict:
    return load_config({"scale": "smoke", "execution": execution, "cluster": SITE | {"warning": 90}})


class TestResources:
    def test_a_training_on_a_cpu(self):
        found = job_resources(configured(), "train")
        assert found == {
            "mem_mb": 700,
            "runtime": 10,
            "slurm_account": "lab",
            "slurm_partition": "cpu",
            "slurm_extra": "--nice --signal=URG@90",
        }

    def test_trainings_side_by_side_sum_up(self):
        config = configured(processes=4, threads=2)
        assert job_resources(config, "train", runs=3)["mem_mb"] == 3 * 700
        assert (cpus(config, 3), cpus(config, 10)) == (6, 8)

    def test_a_stacked_bundle_on_a_gpu(self):
        found = job_resources(configured(device="cuda", processes=4), "train", runs=27)
        assert (found["mem_mb"], found["slurm_partition"], found["gres"]) == (700, "gpu", "gpu:a100:1")
        assert cpus(configured(device="cuda", processes=4), 27) == 1

    def test_probes_take_no_gpu_and_no_warning(self):
        found = job_resources(configured(device="cuda"), "probe")
        assert (found["slurm_partition"], found["slurm_extra"]) == ("cpu", "--nice")
        assert not {"gpu", "gres"} & set(found)

    @pytest.mark.parametrize(
        ("option", "resources"),
        [
            ("--gpus=1", {"gpu": 1}),
            ("--gpus=h100:1", {"gpu": 1, "gpu_model": "h100"}),
            ("--gres=gpu:1", {"gres": "gpu:1"}),
            ("--gres=gpu:h100:1", {"gres": "gpu:h100:1"}),
        ],
    )
    def test_gpu_options(self, option, resources):
        assert _gpu(option) == resources


def test_bundle_names_stay_when_a_gamma_is_added():
    study = load_config({"scale": "smoke"})["studies"]["phase"] | {"bundle": 2}
    before = bundles(study)
    assert list(before)[:2] == ["gamma0.30_depth2_0", "gamma0.30_depth2_1"]
    more = study | {"grid": study["grid"] | {"gamma": [0.2, 0.3, 0.8]}}
    assert {name: bundles(more)[name] for name in before} == before


class TestAttempts:
    """What is kept and printed from one attempt of a job to the next."""

    def attempt(self, folder, number: int, error: Exception | None, decay: float = 0.1) -> int:
        snakemake = SimpleNamespace(
            log=[folder / "run.log"],
            resources={"attempt": number},
            rule="train_phase",
            wildcards={"gamma": "0.30"},
            params={"facts": [{"weight_decay": decay}], "code": "1"},
        )
        try:
            with job(snakemake):
                if error:
                    raise error
        except SystemExit as end:
            return end.code
        return 0

    def test_an_interrupted_training_is_tried_again(self, tmp_path):
        handler = signal.getsignal(signal.SIGTERM)
        assert self.attempt(tmp_path, 1, Interrupted("SIGURG received, state saved at step 7")) == 75
        signal.signal(signal.SIGTERM, handler)
        assert failed_file(tmp_path / "run.log").exists()
        log = (tmp_path / "run.log").read_text()
        assert "interrupted: SIGURG received, state saved at step 7" in log
        assert "Traceback" not in log, "`status` would call it failed"
        assert self.attempt(tmp_path, 2, None) == 0
        assert "state saved at step 7" in (tmp_path / "run.log").read_text(), "the first attempt's log is kept"
        assert failures(tmp_path, 0) == []

    def test_a_diverged_training_is_not(self, tmp_path, capsys):
        assert self.attempt(tmp_path, 1, TrainingError("the loss is not finite at step 3")) == 5
        assert self.attempt(tmp_path, 2, RuntimeError("the body must not run")) == 5
        assert self.attempt(tmp_path, 3, RuntimeError("the body must not run")) == 5
        (message,) = failures(tmp_path, 0)
        assert message.startswith("train_phase (gamma=0.30): the loss is not finite at step 3")
        assert message.count("was not made") == 1
        assert self.attempt(tmp_path, 1, None) == 0, "a new call of the workflow tries again"

    def test_a_changed_setting_is_tried_in_the_same_allocation(self, tmp_path, monkeypatch):
        """Inside an interactive allocation every call has the same job number."""
        monkeypatch.setenv("SLURM_JOB_ID", "7")
        assert self.attempt(tmp_path, 1, TrainingError("the loss is not finite at step 3")) == 5
        assert self.attempt(tmp_path, 1, None) == 5
        assert self.attempt(tmp_path, 1, None, decay=0.2) == 0

    def test_old_failures_are_not_shown(self, tmp_path):
        self.attempt(tmp_path, 1, ValueError("old"))
        assert failures(tmp_path, time.time() + 1) == []


class TestProcesses:
    """Runs of a bundle side by side on a CPU."""

    TRAIN = ("train", "phase", "--scale", "smoke", "--select", "depth=2", "lr=0.002", "gamma=0.3")
    LONG = ("--set", "training.single_head.duration=400 steps", "--set", "execution.save_minutes=0.002")

    def results(self, folder, *more: str) -> subprocess.CompletedProcess:
        return Checkout(REPOSITORY).initscale(*self.TRAIN, *self.LONG, "--results", str(folder), *more, check=True)

    @pytest.fixture
    def places(self, tmp_path):
        """Two results folders with the same data."""
        Checkout(REPOSITORY).initscale(
            "generate-data", "anchor", "--scale", "smoke", "--results", str(tmp_path / "one"), check=True
        )
        (tmp_path / "two" / "smoke").mkdir(parents=True)
        (tmp_path / "two" / "smoke" / "data").symlink_to(tmp_path / "one" / "smoke" / "data")
        return tmp_path / "one", tmp_path / "two"

    def started(self, folder) -> subprocess.Popen:
        """Both runs in training, a process each, and both saved at least once."""
        command = [*self.TRAIN, *self.LONG, "--results", str(folder), "--set", "execution.processes=2"]
        process = subprocess.Popen(
            [sys.executable, "-m", "initscale", *command],
            stderr=subprocess.PIPE,
            text=True,
            env=Checkout(REPOSITORY).environment(),
        )
        deadline = time.monotonic() + 240
        while len(list((folder / "smoke" / "runs" / "phase").glob("*/checkpoint.safetensors"))) < 2:
            assert process.poll() is None, process.stderr.read()
            assert time.monotonic() < deadline
            time.sleep(0.01)
        return process

    def test_a_stopped_bundle_goes_on_and_ends_as_if_alone(self, places):
        alone, apart = places
        self.results(alone)
        process = self.started(apart)
        process.terminate()
        errors = process.communicate(timeout=60)[1]
        assert process.returncode == 75, errors
        assert re.search("SIGTERM received with [01] of 2 runs finished", errors)  # one may have been faster
        assert "state saved at step" in errors
        assert "Traceback" not in errors
        again = self.results(apart, "--set", "execution.processes=2")
        assert again.stderr.count("resumed 1 run(s)") == 2
        for run in (apart / "smoke" / "runs" / "phase").iterdir():
            check_equal(run, alone / "smoke" / "runs" / "phase" / run.name)
            assert json.loads((run / "run.json").read_text())["attempts"] == 2

    def test_a_process_that_is_killed_is_named(self, places):
        """As the kernel does when memory runs out; the other run is finished all the same."""
        process = self.started(places[0])
        children = Path(f"/proc/{process.pid}/task/{process.pid}/children").read_text().split()
        os.kill(int(children[0]), signal.SIGKILL)
        errors = process.communicate(timeout=240)[1]
        assert process.returncode == 1, errors
        assert re.search(r"the process of gamma~0.30\S+ ended with SIGKILL.*mem_mb", errors)
        assert len(list((places[0] / "smoke" / "runs" / "phase").glob("*/run.json"))) == 1

    def test_a_run_that_fails_in_its_process_is_named(self, places):
        """The other run is finished all the same."""
        folder = places[0] / "smoke/runs/phase/gamma~0.30_depth~2_lr~2.00e-03_seed~1"
        folder.mkdir(parents=True)
        (folder / "checkpoint.safetensors").write_bytes(b"no checkpoint")
        done = Checkout(REPOSITORY).initscale(
            *self.TRAIN, *self.LONG, "--results", str(places[0]), "--set", "execution.processes=2"
        )
        assert done.returncode == 3
        assert "seed~1/checkpoint.safetensors: the checkpoint is damaged" in done.stderr
        assert (folder.with_name(folder.name.replace("seed~1", "seed~0")) / "run.json").exists()
