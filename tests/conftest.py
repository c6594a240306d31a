"""Shared fixtures: a tiny configuration, and a copy of the repository in which the smoke scale was run once."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import pytest
import torch
from filelock import FileLock

from initscale.config.load import load_config
from initscale.stages.generate_data import generate_data
from initscale.tasks.anchor.tensors import load
from initscale.tasks.interface import TaskData

REPOSITORY = Path(__file__).resolve().parents[1]
TIMEOUT = 1200
LONG = ("test_slurm", "test_workflow", "test_kills", "test_reference", "test_failures")  # files of few but long tests


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Long files first, so that no worker is left alone with one at the end."""
    items.sort(key=lambda item: LONG.index(item.path.stem) if item.path.stem in LONG else len(LONG))


@pytest.fixture(autouse=True)
def one_thread():
    """Trainings are compared bit by bit, so every test uses one thread."""
    torch.set_num_threads(1)


@pytest.fixture
def smoke() -> dict:
    """The smoke configuration."""
    return load_config({"scale": "smoke"})


@pytest.fixture
def spec(smoke) -> dict:
    """A small anchor data set with the paper's pairs."""
    return smoke["datasets"]["anchor"]


@pytest.fixture
def five_tokens(spec) -> dict:
    """The same with five tokens, for the hand-built models: noise may stand before the key and behind the anchors."""
    return spec | {"length": 5, "split_modulus": 7}


@pytest.fixture
def data(spec, tmp_path) -> TaskData:
    """The small data set as a training sees it."""
    generate_data(spec, tmp_path / "data")
    return load(spec, tmp_path / "data", sequences=100)


@dataclass(frozen=True)
class Checkout:
    """A copy of the repository that tests may edit."""

    root: Path

    def environment(self, path: str | None = None) -> dict[str, str]:
        """Environment with the copy's own lib/ in front of the installed one; ``path`` replaces the rest of PATH."""
        env = {key: value for key, value in os.environ.items() if key != "SNAKEMAKE_PROFILE"}
        rest = env["PATH"] if path is None else path
        own = {"PYTHONPATH": str(self.root / "lib"), "PATH": f"{Path(sys.executable).parent}{os.pathsep}{rest}"}
        return env | own

    def run(
        self, *command: str, check: bool = False, path: str | None = None, **options
    ) -> subprocess.CompletedProcess:
        """Run a command in the copy."""
        options = {"capture_output": True, "text": True, "timeout": TIMEOUT, **options}
        done = subprocess.run(command, cwd=self.root, env=self.environment(path), **options)
        if check and done.returncode:
            raise AssertionError(f"{' '.join(command)} failed:\n{done.stdout}\n{done.stderr}")
        return done

    def snakemake(self, *arguments: str, scale: str = "smoke", **options) -> subprocess.CompletedProcess:
        """Run snakemake on two cores at the given scale."""
        words = list(arguments)
        if "--config" in words:
            words.insert(words.index("--config") + 1, f"scale={scale}")
        else:
            words += ["--config", f"scale={scale}"]
        return self.run("snakemake", "--cores", "2", *words, **options)

    def initscale(self, *arguments: str, **options) -> subprocess.CompletedProcess:
        """Run ``python -m initscale``."""
        return self.run(sys.executable, "-m", "initscale", *arguments, **options)

    def planned(self, *arguments: str, **options) -> dict[str, int]:
        """Jobs that a dry run would execute: rule -> count."""
        done = self.snakemake(*arguments, "--dry-run", "--quiet", "rules", check=True, **options)
        return parse_job_counts(done.stdout + done.stderr)

    def edit(self, path: str, old: str, new: str) -> None:
        """Replace text in a file of the copy; the text must be there."""
        file = self.root / path
        text = file.read_text()
        assert old in text, f"{old!r} is not in {path}"
        file.write_text(text.replace(old, new))


def parse_job_counts(output: str) -> dict[str, int]:
    """Read Snakemake's table of job counts."""
    counts, inside = {}, False
    for line in output.splitlines():
        words = line.split()
        if words[:2] == ["job", "count"]:
            inside = True
        elif inside and len(words) == 2 and words[1].isdigit() and words[0] != "total":
            counts[words[0]] = int(words[1])
        elif words[:1] == ["total"]:
            inside = False
    return counts


def copy_repository(target: Path) -> Checkout:
    """Copy what git would commit (tracked files and new ones that are not ignored), without results."""
    listed = subprocess.run(
        ["git", "ls-files", "-co", "--exclude-standard"], cwd=REPOSITORY, capture_output=True, text=True, check=True
    )
    for name in listed.stdout.splitlines():
        source = REPOSITORY / name
        if source.is_file() and not name.startswith("tests/"):
            (target / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(source, target / name)
    return Checkout(target)


@pytest.fixture
def checkout(tmp_path) -> Checkout:
    """A fresh copy of the repository without results."""
    return copy_repository(tmp_path / "checkout")


@pytest.fixture(scope="session")
def finished_smoke(tmp_path_factory) -> Checkout:
    """A copy in which `snakemake all_figures --config scale=smoke` has run; shared, so do not edit it.

    The processes of `pytest -n` share one: whoever needs it first makes it, the others wait. With a folder of smoke
    results in INITSCALE_SMOKE_RESULTS it starts from these, and only what is stale among them is made again.
    """
    base = tmp_path_factory.getbasetemp()
    common = base.parent if "PYTEST_XDIST_WORKER" in os.environ else base
    copy, finished = Checkout(common / "smoke" / "checkout"), common / "smoke" / "finished"
    with FileLock(common / "smoke.lock"):
        if not finished.exists():
            copy_repository(copy.root)
            if earlier := os.environ.get("INITSCALE_SMOKE_RESULTS"):
                shutil.copytree(earlier, copy.root / "results" / "smoke")
            copy.snakemake("all_figures", check=True)
            finished.touch()
    return copy


@pytest.fixture
def edited_smoke(finished_smoke, tmp_path) -> Checkout:
    """A copy of the finished one, results and metadata included, that a test may edit."""
    target = tmp_path / "checkout"
    shutil.copytree(finished_smoke.root, target, symlinks=True)  # copies modification times too
    return Checkout(target)
