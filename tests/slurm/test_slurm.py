"""`snakemake --profile slurm` on a real SLURM of one node, which tests/slurm/cluster.sh starts on this machine."""

from __future__ import annotations

import contextlib
import os
import re
import signal
import subprocess
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from conftest import REPOSITORY, Checkout, copy_repository

from initscale.config.load import load_config
from initscale.experiment.grid import bundles, needed_studies
from initscale.files.storage import read_json, read_table

CLUSTER = REPOSITORY / "tests" / "slurm" / "cluster.sh"
CANNOT_BE_INSTALLED = 3
RULE = "train_phase"
TABLE = "results/smoke/tables/fig2.parquet"
# Four trainings of some seconds, one job each, that save every half second.
LONG = (
    "scale=smoke",
    "studies={phase: {grid: {gamma: [0.3, 0.8], depth: [2], lr: [2.0e-3], seed: [0, 1]}, more: []}}",
    "training={single_head: {duration: 4000 steps}}",
    "evaluation={every: 500 steps}",
    "execution={save_minutes: 0.01}",
    "cluster={warning: 300}",
    "figures={fig10: {depths: [2]}, fig11: {depths: [2]}}",
)
# Figures on realistic tasks whose jobs are like those of fig17a; with them the test would take twice as long.
MORE_OF_THE_SAME = ("fig6", "fig7", "fig17b")
QUICK = ("--slurm-init-seconds-before-status-checks", "6", "--latency-wait", "5")


def slurm(*command: str) -> str:
    """Output of a command of SLURM."""
    return subprocess.run(command, capture_output=True, text=True, timeout=60, check=True).stdout


def cluster_script(action: str) -> subprocess.CompletedProcess:
    # into a file: the daemons would keep a pipe open
    return subprocess.run([CLUSTER, action], stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True, timeout=600)


@pytest.fixture(scope="module")
def cluster() -> Iterator[None]:
    """A running cluster; the tests are skipped where SLURM cannot be installed, unless INITSCALE_SLURM=required."""
    for action in ("install", "start"):
        done = cluster_script(action)
        if done.returncode == CANNOT_BE_INSTALLED and os.environ.get("INITSCALE_SLURM") != "required":
            pytest.skip(f"no SLURM here: {done.stderr.strip()}")
        assert done.returncode == 0, done.stderr
    yield
    for main in MAINS:
        if main.process.poll() is None:  # of a test that failed
            os.killpg(main.process.pid, signal.SIGKILL)
    slurm("scancel", "--user", "root")
    cluster_script("stop")


@dataclass
class Main:
    """A running `snakemake --profile slurm` and what it has printed."""

    process: subprocess.Popen
    output: Path

    def text(self) -> str:
        return self.output.read_text()

    def until(self, condition: Callable[[], object], seconds: float = 400) -> object:
        """Wait until the condition holds and return what it gave; fail if the workflow ends before."""
        deadline = time.monotonic() + seconds
        while not (found := condition()):
            assert self.process.poll() is None, self.text()[-5000:]
            assert time.monotonic() < deadline, self.text()[-5000:]
            time.sleep(0.05)
        return found

    def interrupt(self) -> int:
        """Ctrl-C, and the exit code."""
        os.killpg(self.process.pid, signal.SIGINT)
        return self.process.wait(timeout=300)


MAINS: list[Main] = []


def start(checkout: Checkout, *arguments: str) -> Main:
    """Start the workflow as a user at a terminal does."""
    output = checkout.root / f"main_{time.monotonic_ns()}.out"
    restore = lambda: signal.signal(signal.SIGINT, signal.default_int_handler)  # noqa: E731
    with open(output, "w") as stream:
        process = subprocess.Popen(
            ["snakemake", "--profile", "slurm", *QUICK, *arguments],
            **{"cwd": checkout.root, "env": checkout.environment(), "stdout": stream, "stderr": subprocess.STDOUT},
            **{"preexec_fn": restore, "start_new_session": True},
        )
    MAINS.append(Main(process, output))
    return MAINS[-1]


def run(checkout: Checkout, *arguments: str, **options) -> subprocess.CompletedProcess:
    """Run the workflow to its end."""
    return checkout.run("snakemake", "--profile", "slurm", *QUICK, *arguments, **options)


def queue(states: str = "pending,configuring,running,suspended") -> dict[str, str]:
    """Jobs of the workflow in the queue: comment (rule and wildcards) -> job id."""
    lines = slurm("squeue", "--user", "root", "--states", states, "-h", "-o", "%i|%j|%k").splitlines()
    rows = [line.split("|") for line in lines]
    return {comment: number for number, name, comment in rows if name.startswith("initscale-")}


def processes(job: str) -> list[int]:
    """Ids of the processes that run the training script in a job."""
    found = []
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            environment, command = (folder / "environ").read_bytes(), (folder / "cmdline").read_bytes()
        except OSError:
            continue  # it has ended
        if f"SLURM_JOB_ID={job}\0".encode() in environment and b"train.py" in command and b"snakemake\0" not in command:
            found.append(int(folder.name))
    return found


def name(gamma: str, seed: int) -> str:
    return f"gamma~{gamma}_depth~2_lr~2.00e-03_seed~{seed}"


def state_of(job: str) -> str:
    return re.search(r"JobState=(\w+)", slurm("scontrol", "show", "job", job)).group(1)


CANCELLED, REQUEUED, TOO_LONG, LEFT_ALONE = name("0.30", 0), name("0.30", 1), name("0.80", 0), name("0.80", 1)
RUNS = (CANCELLED, REQUEUED, TOO_LONG, LEFT_ALONE)


@dataclass
class Storm:
    """What a workflow that everything happens to has left behind."""

    checkout: Checkout
    evidence: dict = field(default_factory=dict)

    def log(self, run_name: str) -> str:
        path = self.checkout.root / "results/smoke/logs/train/phase" / f"{run_name}.log"
        return path.read_text() if path.exists() else ""

    def job(self, run_name: str) -> str:
        """Id of the job that trains a run; its comment has the rule and the wildcards."""
        wildcards = "_".join(part.partition("~")[2] for part in run_name.split("_"))
        return queue()[f"rule_{RULE}_wildcards_{wildcards}"]

    def freeze(self, main: Main, since: float = 0.0) -> dict[str, list[int]]:
        """Stop every training as soon as it has written a checkpoint, so that none finishes before its turn.

        Returns the ids of its processes by run. SLURM wakes them with each signal that it sends.
        """
        frozen: dict[str, list[int]] = {}

        def all_stand_still() -> bool:
            for run_name in set(RUNS) - set(frozen):
                resume = self.checkout.root / "results/smoke/runs/phase" / run_name / "checkpoint.safetensors"
                if resume.exists() and resume.stat().st_mtime > since:
                    frozen[run_name] = processes(self.job(run_name))
                    signal_all(signal.SIGSTOP, frozen[run_name])
            return len(frozen) == len(RUNS)

        main.until(all_stand_still)
        return frozen


@pytest.fixture(scope="module")
def storm(cluster, tmp_path_factory) -> Storm:
    """Ctrl-C while submitting, Ctrl-C while training; then slurmd killed, scancel, requeue and a time limit."""
    storm = Storm(copy_repository(tmp_path_factory.mktemp("storm") / "checkout"))
    command = (TABLE, "--retries", "2", "--config", *LONG)

    main = start(storm.checkout, *command)
    main.until(lambda: "has been submitted" in main.text())
    storm.evidence["Ctrl-C at once"] = (main.interrupt(), queue(), main.text())

    main = start(storm.checkout, *command)
    storm.freeze(main)
    storm.evidence["Ctrl-C"] = (main.interrupt(), queue(), main.text())
    storm.evidence["first logs"] = {run_name: storm.log(run_name) for run_name in RUNS}

    since = time.time()
    main = start(storm.checkout, *command)
    trainings = storm.freeze(main, since)
    storm.evidence["second logs"] = {run_name: storm.log(run_name) for run_name in RUNS}
    jobs = {run_name: storm.job(run_name) for run_name in RUNS}
    storm.evidence["squeue"] = slurm("squeue", "-h", "-o", "%j %k")
    assert cluster_script("kill-slurmd").returncode == 0
    assert cluster_script("start-slurmd").returncode == 0
    storm.evidence["after slurmd"] = {run_name: state_of(job) for run_name, job in jobs.items()}
    slurm("scontrol", "update", f"JobId={jobs[TOO_LONG]}", f"TimeLimit={minutes_since_start(jobs[TOO_LONG]) + 2}")
    slurm("scancel", jobs[CANCELLED])
    slurm("scontrol", "requeue", jobs[REQUEUED])
    signal_all(signal.SIGCONT, *(trainings[run_name] for run_name in (CANCELLED, REQUEUED, LEFT_ALONE)))
    # the one that is too slow for its time limit stands still until SLURM's warning wakes it
    storm.evidence["exit code"] = main.process.wait(timeout=900)
    storm.evidence |= {"output": main.text(), "jobs": jobs, "queue": queue()}
    return storm


def minutes_since_start(job: str) -> int:
    clock = slurm("squeue", "-h", "-j", job, "-o", "%M")  # [[days-]hours:]minutes:seconds
    return int(clock.strip().split(":")[-2])


def signal_all(number: signal.Signals, *groups: list[int]) -> None:
    for process in [process for group in groups for process in group]:
        with contextlib.suppress(ProcessLookupError):
            os.kill(process, number)


@pytest.fixture(scope="module")
def undisturbed(cluster, tmp_path_factory) -> Checkout:
    """The same workflow by the local executor."""
    checkout = copy_repository(tmp_path_factory.mktemp("local") / "checkout")
    checkout.run("snakemake", "--cores", "2", TABLE, "--config", *LONG, check=True)
    return checkout


class TestStorm:
    """Every event ends with the tables of an undisturbed workflow; the trainings lose nothing that they had saved."""

    def test_it_ends_with_the_same_tables(self, storm, undisturbed):
        assert storm.evidence["exit code"] == 0, storm.evidence["output"][-5000:]
        tables = [read_table(copy.root / TABLE) for copy in (storm.checkout, undisturbed)]
        assert tables[0].equals(tables[1])
        for run_name in RUNS:
            folders = [copy.root / "results/smoke/runs/phase" / run_name for copy in (storm.checkout, undisturbed)]
            weights = [(folder / "weights.safetensors").read_bytes() for folder in folders]
            assert weights[0] == weights[1]
            assert not (folders[0] / "checkpoint.safetensors").exists()

    @pytest.mark.parametrize("event", ["Ctrl-C at once", "Ctrl-C"])
    def test_no_job_is_left_behind(self, storm, event):
        code, jobs, output = storm.evidence[event]
        assert code != 0
        assert jobs == {}
        assert "submitted with SLURM jobid" in output

    def test_a_training_that_ctrl_c_stopped_goes_on(self, storm):
        for run_name in RUNS:
            saved = re.findall(r"SIGTERM received, state saved at step (\d+)", storm.evidence["first logs"][run_name])
            resumed = re.findall(r"resumed 1 run\(s\) at step (\d+)", storm.evidence["second logs"][run_name])
            assert saved[-1] == resumed[0]

    def test_a_killed_slurmd_costs_nothing(self, storm):
        assert set(storm.evidence["after slurmd"].values()) == {"RUNNING"}
        record = read_json(storm.checkout.root / "results/smoke/runs/phase" / LEFT_ALONE / "run.json")
        assert record["attempts"] == 2  # after the Ctrl-C, and no more

    @pytest.mark.parametrize(
        ("run_name", "reason"),
        [(CANCELLED, "SIGTERM"), (REQUEUED, "SIGTERM"), (TOO_LONG, "SIGURG")],
        ids=["scancel", "requeue", "time limit"],
    )
    def test_the_next_attempt_goes_on_from_there(self, storm, run_name, reason):
        log = storm.log(run_name)
        (saved,) = re.findall(rf"{reason} received, state saved at step (\d+) of 4000", log)
        assert f"resumed 1 run(s) at step {saved}" in log
        if run_name != REQUEUED:  # which for the workflow is one attempt
            gamma = run_name.partition("~")[2][:4]
            told = rf"Attempt failed: train_phase \(gamma={gamma}, .*{reason} received, state saved at step {saved} "
            assert re.search(told, storm.evidence["output"])
        record = read_json(storm.checkout.root / "results/smoke/runs/phase" / run_name / "run.json")
        assert (record["attempts"], record["steps"]) == (3, 4000)

    def test_a_requeued_job_keeps_its_number(self, storm):
        job = storm.evidence["jobs"][REQUEUED]
        assert re.search(r"Restarts=1", slurm("scontrol", "show", "job", job))
        assert state_of(job) == "COMPLETED"

    def test_the_queue_can_be_read(self, storm):
        for run_name in RUNS:
            wildcards = "_".join(part.partition("~")[2] for part in run_name.split("_"))
            assert re.search(rf"^initscale-\S+ rule_train_phase_wildcards_{wildcards}$", storm.evidence["squeue"], re.M)

    def test_nothing_is_left_at_the_end(self, storm):
        assert storm.evidence["queue"] == {}


def test_the_smoke_workflow_gives_the_tables_of_the_local_executor(cluster, finished_smoke, checkout):
    """Bundles of four runs, two at a time in one job; runs that go on from others; all probes in one job."""
    tables = sorted(
        path.relative_to(finished_smoke.root)
        for path in finished_smoke.root.glob("results/smoke/tables/**/*.parquet")
        if not {path.stem, path.parent.name} & set(MORE_OF_THE_SAME)
    )
    options = ("scale=smoke", "studies={phase: {bundle: 4}}", "execution={processes: 2}")
    done = run(checkout, *map(str, tables), "--config", *options, check=True, timeout=1800)
    submitted = re.findall(r"has been submitted with SLURM jobid (\d+) \(log: (\S+)\)", done.stdout + done.stderr)
    config = load_config({"scale": "smoke", "studies": {"phase": {"bundle": 4}}})
    figures = {path.parts[3].removesuffix(".parquet") for path in tables}  # or a folder of several files
    shown = {study for figure in figures for study in needed_studies(config, figure)}
    trainings = sum(len(bundles(config["studies"][name])) for name in shown)
    assert len(submitted) == trainings + 1, submitted  # the probes are one job
    for path in tables:
        found, wanted = (read_table(copy.root / path).to_pandas() for copy in (checkout, finished_smoke))
        assert_same(found, wanted)
    bundle_of_three = next(number for number, log in submitted if "/rule_train_phase_gamma0.30_depth2_0/" in log)
    assert "NumCPUs=2" in slurm("scontrol", "show", "job", bundle_of_three)


def assert_same(found, wanted) -> None:
    """Equal to the bit, lists inside cells included."""
    import pandas

    pandas.testing.assert_frame_equal(found, wanted, check_exact=True)


class TestRefusals:
    def test_an_unknown_partition(self, cluster, checkout):
        done = run(checkout, "fig2", "--config", "scale=smoke", "cluster={partition: nowhere}")
        output = done.stdout + done.stderr
        assert done.returncode != 0
        assert "Hint: set `cluster.partition` in config/config.yaml; this cluster has gpu, main, urgent" in output
        assert "nowhere" in output
        assert "Traceback" not in output
        assert "submitted" not in output

    def test_no_sbatch(self, checkout, tmp_path):
        tools = tmp_path / "bin"  # a machine with everything but SLURM
        tools.mkdir()
        for tool in Path("/usr/bin").iterdir():
            if not tool.name.startswith("s") or tool.name in ("sh", "sed", "sort", "stat", "stty", "sleep"):
                (tools / tool.name).symlink_to(tool)
        done = run(checkout, "fig2", "--config", "scale=smoke", path=str(tools))
        output = done.stdout + done.stderr
        assert done.returncode != 0
        assert "`sbatch` was not found" in output
        assert "login node" in output
        assert "Traceback" not in output


def test_a_failed_job_names_rule_wildcards_job_and_log(cluster, checkout):
    """A training on a GPU that only SLURM believes in."""
    import torch

    if torch.cuda.is_available():
        pytest.skip("this machine has a GPU, so the job would not fail")
    site = "cluster={gpu_partition: gpu, gpu: '--gres=gpu:1'}"
    record = f"results/smoke/runs/phase/{name('0.30', 0)}/run.json"
    done = run(checkout, record, "--retries", "0", "--config", "scale=smoke", "execution={device: cuda}", site)
    output = done.stdout + done.stderr
    assert done.returncode != 0
    (job,) = re.findall(r"has been submitted with SLURM jobid (\d+)", output)
    summary = output[output.index("Failed:") :]
    log = f"results/smoke/logs/train/phase/{name('0.30', 0)}.log"
    assert "train_phase (gamma=0.30, depth=2, lr=2.00e-03, seed=0): " in summary
    assert "no GPU" in summary
    assert f"Log with traceback: {log} (attempt 1, exit code 3, SLURM job {job} on " in summary
    assert "Traceback" in (checkout.root / log).read_text()
    show = slurm("scontrol", "show", "job", job)
    assert "Partition=gpu" in show
    assert re.search(r"Tres\w*=gres:gpu:1", show), show
