"""Clones, environments and settings of a machine that must not show in results."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
from conftest import REPOSITORY, copy_repository

from initscale.files.storage import read_json
from initscale.provenance.machine import git_state


def git(folder: Path, *arguments: str) -> str:
    user = ["-c", "user.name=a", "-c", "user.email=a@b"]
    return subprocess.run(["git", *user, *arguments], cwd=folder, capture_output=True, text=True, check=True).stdout


def snakemake(folder: Path, *arguments: str, **environment: str) -> subprocess.CompletedProcess:
    rest = {name: value for name, value in os.environ.items() if name not in ("PYTHONPATH", "SNAKEMAKE_PROFILE")}
    path = f"{Path(sys.executable).parent}{os.pathsep}{rest['PATH']}"
    command = ["snakemake", "--cores", "1", "--dry-run", *arguments, "--config", "scale=smoke"]
    options = {"capture_output": True, "text": True, "timeout": 300}
    return subprocess.run(command, cwd=folder, env=rest | {"PATH": path} | environment, **options)


class TestTwoClones:
    def test_the_code_of_another_clone_is_refused(self, checkout):
        done = snakemake(checkout.root, "fig9", PYTHONPATH=str(REPOSITORY / "lib"))
        assert done.returncode
        text = done.stdout + done.stderr
        assert f"imports the package of {REPOSITORY}:" in text
        assert "PYTHONPATH=lib" in text
        assert "Traceback" not in text

    def test_its_own_code_is_used_as_the_hint_says(self, checkout):
        done = snakemake(checkout.root, "fig9", PYTHONPATH="lib")
        assert done.returncode == 0, done.stderr

    def test_without_a_scale_file_in_the_wrong_place(self, checkout):
        done = checkout.snakemake("--dry-run", "fig9", "--configfile", "config/scales/laptop.yaml")
        assert done.returncode
        assert "--config scale=laptop" in done.stdout + done.stderr


class TestCommit:
    @pytest.fixture
    def repository(self, tmp_path) -> Path:
        folder = tmp_path / "project"
        (folder / "lib" / "initscale").mkdir(parents=True)
        (folder / "lib" / "initscale" / "code.py").write_text("1\n")
        (folder / "results").mkdir()
        (folder / "results" / "README.md").write_text("results\n")
        git(folder, "init", "-q")
        git(folder, "add", "-A")
        git(folder, "commit", "-qm", "one")
        return folder

    def test_is_that_of_the_code_whatever_git_is_told(self, repository, tmp_path, monkeypatch):
        other = tmp_path / "other"
        other.mkdir()
        git(other, "init", "-q")
        git(other, "commit", "-q", "--allow-empty", "-m", "another")
        monkeypatch.setenv("GIT_DIR", str(other / ".git"))
        monkeypatch.setenv("GIT_WORK_TREE", str(other))
        code = repository / "lib" / "initscale"
        monkeypatch.delenv("GIT_WORK_TREE")
        state = git_state(code)
        monkeypatch.delenv("GIT_DIR")
        assert state == {"commit": git(repository, "rev-parse", "HEAD").strip(), "dirty": False}

    def test_results_elsewhere_do_not_make_it_dirty(self, repository, tmp_path):
        (repository / "results" / "README.md").unlink()
        (repository / "results").rmdir()
        (repository / "results").symlink_to(tmp_path, target_is_directory=True)
        assert git_state(repository / "lib" / "initscale")["dirty"] is False
        (repository / "lib" / "initscale" / "code.py").write_text("2\n")
        assert git_state(repository / "lib" / "initscale")["dirty"] is True

    def test_is_unknown_with_a_reason(self, tmp_path, repository, monkeypatch):
        state = git_state(tmp_path)
        assert state["commit"] is None
        assert "not a git repository" in state["reason"]
        inside = repository / "lib"
        (tmp_path / "other").mkdir()
        git(tmp_path / "other", "init", "-q")
        assert "does not hold" in git_state(tmp_path / "other")["reason"]
        monkeypatch.setenv("PATH", str(tmp_path))
        assert "git cannot be asked" in git_state(inside)["reason"]


def test_a_users_matplotlibrc_and_backend_do_not_show(edited_smoke, tmp_path):
    figures = edited_smoke.root / "results" / "smoke" / "figures"
    before = (figures / "fig9.png").read_bytes()
    (tmp_path / "matplotlibrc").write_text("text.usetex: True\nlines.linewidth: 9\naxes.facecolor: red\n")
    backend = "module://matplotlib_inline.backend_inline"
    environment = edited_smoke.environment() | {"MATPLOTLIBRC": str(tmp_path / "matplotlibrc"), "MPLBACKEND": backend}
    command = [sys.executable, "-m", "initscale", "figure", "fig9", "--scale", "smoke"]
    done = subprocess.run(command, cwd=edited_smoke.root, env=environment, capture_output=True, text=True, timeout=300)
    assert done.returncode == 0, done.stderr
    assert (figures / "fig9.png").read_bytes() == before


def test_a_checkout_below_a_blank_works(tmp_path):
    checkout = copy_repository(tmp_path / "my results" / "a clone")
    checkout.snakemake("fig9", check=True)
    record = read_json(checkout.root / "results" / "smoke" / "figures" / "fig9.json")
    assert record["git"]["commit"] is None
