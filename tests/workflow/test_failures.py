"""What can go wrong outside the configuration: each time one clear message, an exit code, and a way back."""

from __future__ import annotations

import json
import os
import resource
import signal
import subprocess
import sys
import time
from pathlib import Path

import pyarrow.parquet as pq
import pytest
from conftest import REPOSITORY, Checkout

RUN = ("train", "phase", "--select", "gamma=0.3", "depth=2", "lr=0.001", "seed=0")
RUN_NAME = "gamma~0.30_depth~2_lr~1.00e-03_seed~0"
LONG = ("--set", "training.single_head.duration=4000 steps", "--set", "evaluation.every=1000 steps")


class Workplace:
    """A results folder and the stages that work in it."""

    def __init__(self, results: Path):
        self.results = results
        self.checkout = Checkout(REPOSITORY)
        self.data = results / "smoke" / "data" / "anchor" / "seed~0"
        self.run_folder = results / "smoke" / "runs" / "phase" / RUN_NAME

    def __call__(self, *arguments: str, **options) -> subprocess.CompletedProcess:
        stage = [*arguments, "--scale", "smoke", "--results", str(self.results)]
        return self.checkout.initscale(*stage, **options)

    def start(self, *arguments: str) -> subprocess.Popen:
        command = [sys.executable, "-m", "initscale", *arguments, "--scale", "smoke", "--results", str(self.results)]
        # a background process of a non-interactive shell ignores SIGINT; a user's does not
        restore = lambda: signal.signal(signal.SIGINT, signal.default_int_handler)  # noqa: E731
        return subprocess.Popen(command, stderr=subprocess.PIPE, text=True, preexec_fn=restore)


@pytest.fixture
def work(tmp_path) -> Workplace:
    return Workplace(tmp_path / "results")


@pytest.fixture
def with_data(work) -> Workplace:
    work("generate-data", "anchor", check=True)
    return work


def refused(done: subprocess.CompletedProcess, code: int, *words: str) -> None:
    """One line that says it all, no traceback, the right exit code."""
    assert done.returncode == code, done.stderr
    errors = [line for line in done.stderr.splitlines() if line.startswith("error: ")]
    assert len(errors) == 1, done.stderr
    assert "Traceback" not in done.stderr
    for word in words:
        assert word in errors[0], errors[0]


def completes(work: Workplace) -> None:
    """The same training again now runs to its end."""
    work(*RUN, check=True)
    assert (work.run_folder / "run.json").exists()


class TestInputs:
    def test_no_data(self, work):
        refused(work(*RUN), 3, "dataset.json", "does not exist", "initscale generate-data anchor --scale")

    def test_truncated_parquet(self, with_data):
        path = with_data.data / "train.parquet"
        path.write_bytes(path.read_bytes()[:5000])
        refused(with_data(*RUN), 3, str(path), "damaged", "delete it")
        path.unlink()
        with_data("generate-data", "anchor", check=True)
        completes(with_data)

    def test_empty_parquet(self, with_data):
        (with_data.data / "test.parquet").write_bytes(b"")
        refused(with_data(*RUN), 3, "test.parquet", "damaged")

    def test_not_a_parquet(self, with_data):
        (with_data.data / "unseen.parquet").write_text("key,position\n1,2\n")
        refused(with_data(*RUN), 3, "unseen.parquet", "damaged")

    def test_missing_column(self, with_data):
        path = with_data.data / "train.parquet"
        pq.write_table(pq.read_table(path).drop_columns(["label"]), path)
        refused(with_data(*RUN), 3, "train.parquet", "no column `label`", "it has token_0")

    def test_data_of_another_specification(self, work):
        work("generate-data", "anchor", "--set", "datasets.anchor.seed=1", "--folder", str(work.data), check=True)
        refused(work(*RUN), 3, "dataset.json", "another specification")

    def test_damaged_json(self, with_data):
        (with_data.data / "dataset.json").write_text('{"spec": ')
        refused(with_data(*RUN), 3, "dataset.json", "damaged")

    def test_missing_history(self, with_data):
        refused(with_data("aggregate", "fig2"), 3, "history.parquet", "does not exist")

    def test_history_without_a_column(self, with_data):
        select = ("train", "phase")
        with_data(*select, check=True)
        path = with_data.run_folder / "history.parquet"
        pq.write_table(pq.read_table(path).drop_columns(["acc_test"]), path)
        refused(with_data("aggregate", "fig2"), 3, str(path), "no column `acc_test`")

    def test_no_table(self, work):
        refused(work("figure", "fig9"), 3, "fig9.parquet", "does not exist")

    def test_table_without_a_column(self, with_data):
        with_data("aggregate", "fig9", check=True)
        path = with_data.results / "smoke" / "tables" / "fig9.parquet"
        pq.write_table(pq.read_table(path).drop_columns(["split"]), path)
        refused(with_data("figure", "fig9"), 3, "no column `split`")

    def test_no_gpu(self, with_data):
        import torch

        if torch.cuda.is_available():
            pytest.skip("this machine has a GPU")
        refused(with_data(*RUN, "--set", "execution.device=cuda"), 3, "no GPU", "cpu")


class TestCommandLine:
    @pytest.mark.parametrize(
        ("arguments", "words"),
        [
            (("train", "fase"), ["`fase`", "known: ", "phase"]),
            (("generate-data", "anker"), ["`anker`", "known: ", "anchor"]),
            (("figure", "fig99"), ["`fig99`", "fig9"]),
            (("train", "phase", "--select", "gamma=0.77"), ["gamma 0.77", "[0.3, 0.8]"]),
            (("train", "phase", "--select", "width=3"), ["`width` is not an axis", "gamma, depth"]),
            (("train", "phase", "--select", "gamma=big"), ["`big` is not a number"]),
            (("train", "phase", "--select", "depth=3", "seed=1"), ["no run fulfils all conditions"]),
            (("config", "--set", "nonsense"), ["key.path=value"]),
        ],
    )
    def test_refused(self, work, arguments, words):
        refused(work(*arguments), 2, *words)

    def test_help_lists_the_stages(self, work):
        done = Checkout(REPOSITORY).initscale("--help", check=True)
        for stage in ("generate-data", "train", "aggregate", "figure"):
            assert stage in done.stdout


@pytest.fixture
def small_disk(tmp_path):
    """A real file system of 1 MB, so that a real write runs out of room."""
    folder = tmp_path / "small"
    folder.mkdir()
    if subprocess.run(["mount", "-t", "tmpfs", "-o", "size=1m", "tmpfs", folder], capture_output=True).returncode:
        pytest.skip("mounting a small file system needs root")
    yield folder
    subprocess.run(["umount", folder], check=True)


class TestOutputs:
    def test_full_disk(self, small_disk):
        work = Workplace(small_disk / "results")
        (small_disk / "filler").write_bytes(bytes(1_030_000))
        refused(work("generate-data", "anchor"), 4, "train.parquet", "No space left", "check free space")
        assert not list(work.data.glob("*")), "no part of a file may be left"
        (small_disk / "filler").unlink()
        work("generate-data", "anchor", check=True)
        completes(work)

    def test_quota_in_the_middle_of_a_write(self, work):
        """A limit on the size of one file, as quotas give it; works without root."""
        limit = lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (20_000, 20_000))  # noqa: E731
        refused(work("generate-data", "anchor", preexec_fn=limit), 4, "train.parquet", "cannot be written")
        assert not list(work.data.glob("*"))
        work("generate-data", "anchor", check=True)
        refused(work(*RUN, preexec_fn=limit), 4, "weights.safetensors", "cannot be written")
        assert not (work.run_folder / "run.json").exists()
        completes(work)

    def test_a_file_where_a_folder_should_be(self, work):
        work.results.parent.mkdir(parents=True, exist_ok=True)
        work.results.write_text("in the way")
        refused(work("generate-data", "anchor"), 4, "Not a directory")
        work.results.unlink()
        work("generate-data", "anchor", check=True)

    def test_read_only_results(self, small_disk):
        subprocess.run(["mount", "-o", "remount,ro", small_disk], check=True)
        work = Workplace(small_disk / "results")
        refused(work("generate-data", "anchor"), 4, "Read-only file system", "permissions")
        subprocess.run(["mount", "-o", "remount,rw", small_disk], check=True)
        work("generate-data", "anchor", check=True)

    def test_forbidden_results(self, work):
        if os.geteuid() == 0:
            pytest.skip("root may write everywhere; the read-only file system stands in for it")
        work.results.mkdir()
        work.results.chmod(0o555)
        refused(work("generate-data", "anchor"), 4, "Permission denied")


class TestInterrupts:
    @pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM], ids=["Ctrl-C", "SIGTERM"])
    def test_a_training_is_saved_and_goes_on(self, with_data, number):
        process = with_data.start(*RUN, *LONG)
        wait_for(lambda: with_data.run_folder.exists(), process)
        process.send_signal(number)
        message = process.communicate(timeout=60)[1]
        assert process.returncode == 75
        assert f"{signal.Signals(number).name} received, state saved at step" in message
        assert "run the same command again" in message
        assert "Traceback" not in message
        assert (with_data.run_folder / "checkpoint.safetensors").exists()
        done = with_data(*RUN, *LONG, check=True)
        assert "resumed 1 run(s) at step" in done.stderr
        record = json.loads((with_data.run_folder / "run.json").read_text())
        assert (record["steps"], record["attempts"]) == (4000, 2)

    def test_a_diverging_training(self, with_data):
        hot = ("--set", "training.single_head.clip=1.0e+30", "--set", "training.single_head.lr_start=1.0")
        hot += ("--set", "training.single_head.lr_end=1.0", "--set", "training.single_head.weight_decay=100")
        done = with_data(*RUN, *hot)
        refused(done, 5, RUN_NAME, "not finite at step", "history_failed.parquet")

    def test_resume_file_of_another_recipe(self, with_data):
        process = with_data.start(*RUN, *LONG)
        wait_for(lambda: with_data.run_folder.exists(), process)
        process.terminate()
        process.communicate(timeout=60)
        refused(with_data(*RUN), 3, "checkpoint.safetensors", "belongs to another run", "--fresh")
        done = with_data(*RUN, "--fresh", check=True)
        assert "starting afresh" in done.stderr

    def test_damaged_resume_file(self, with_data):
        with_data.run_folder.mkdir(parents=True)
        (with_data.run_folder / "checkpoint.safetensors").write_bytes(b"\x10\0\0\0\0\0\0\0{")
        refused(with_data(*RUN), 3, "checkpoint.safetensors", "damaged", "delete the file")
        (with_data.run_folder / "checkpoint.safetensors").unlink()
        completes(with_data)


def wait_for(condition, process: subprocess.Popen, seconds: float = 60.0) -> None:
    """Wait until the condition holds; fail if the process ends before."""
    deadline = time.monotonic() + seconds
    while not condition():
        assert process.poll() is None, process.stderr.read()
        assert time.monotonic() < deadline
        time.sleep(0.05)


class TestWorkflow:
    def test_bad_configuration_is_one_message(self, checkout):
        done = checkout.snakemake("fig9", scale="smok")
        assert done.returncode != 0
        assert "did you mean `smoke`?" in done.stdout + done.stderr
        assert "Traceback" not in done.stdout + done.stderr

    def test_results_path_with_spaces_and_quotes(self, checkout, tmp_path):
        results = tmp_path / 'it\'s "quoted" & spaced'
        checkout.snakemake("fig9", "--config", f"results={results}", check=True)
        assert (results / "smoke" / "figures" / "fig9.pdf").exists()
        again = checkout.snakemake("fig9", "--config", f"results={results}")
        assert "Nothing to be done" in again.stdout + again.stderr

    def test_a_failing_job_names_rule_log_and_reason(self, checkout):
        folder = checkout.root / "results/smoke/runs/phase" / RUN_NAME
        folder.mkdir(parents=True)
        (folder / "checkpoint.safetensors").write_bytes(b"cut")
        done = checkout.snakemake(f"results/smoke/runs/phase/{RUN_NAME}/run.json")
        output = done.stdout + done.stderr
        assert done.returncode != 0
        assert "train_phase (gamma=0.30, depth=2, lr=1.00e-03, seed=0): " in output
        assert "the checkpoint is damaged" in output
        log = checkout.root / "results/smoke/logs/train/phase" / f"{RUN_NAME}.log"
        assert "Traceback" in log.read_text()
        (folder / "checkpoint.safetensors").unlink()
        checkout.snakemake(f"results/smoke/runs/phase/{RUN_NAME}/run.json", check=True)

    def test_damaged_data_are_made_again(self, checkout):
        """The record beside them says what they were."""
        checkout.snakemake("results/smoke/data/anchor/seed~0/train.parquet", check=True)
        path = checkout.root / "results/smoke/data/anchor/seed~0/unseen.parquet"
        whole = path.read_bytes()
        path.write_bytes(whole[:300])
        assert checkout.planned(f"results/smoke/runs/phase/{RUN_NAME}/run.json")["generate_anchor"] == 1
        checkout.snakemake("results/smoke/data/anchor/seed~0/train.parquet", check=True)
        assert path.read_bytes() == whole

    def test_interrupted_workflow_goes_on(self, checkout):
        command = ["snakemake", "--cores", "2", "fig2", "--config", "scale=smoke"]
        env = {**os.environ, "PYTHONPATH": str(checkout.root / "lib")}
        env["PATH"] = f"{Path(sys.executable).parent}{os.pathsep}{env['PATH']}"
        restore = lambda: signal.signal(signal.SIGINT, signal.default_int_handler)  # noqa: E731
        log = open(checkout.root / "snakemake.out", "w")  # noqa: SIM115
        process = subprocess.Popen(
            command, cwd=checkout.root, env=env, preexec_fn=restore, start_new_session=True, stdout=log, stderr=log
        )
        wait_for(lambda: list((checkout.root / "results").glob("smoke/runs/phase/*/run.json")), process, 120)
        os.killpg(process.pid, signal.SIGINT)
        assert process.wait(timeout=60) != 0
        kept = list((checkout.root / "results").glob("smoke/runs/phase/*/run.json"))
        assert 0 < len(kept) < 8
        done = checkout.snakemake("fig2", check=True)
        assert "100%" in done.stdout + done.stderr
        assert (checkout.root / "results/smoke/figures/fig2.pdf").exists()
