"""The environment files agree with each other and with what is installed and imported."""

from __future__ import annotations

import ast
import importlib.metadata
import itertools
import re
import sys
import tomllib
from pathlib import Path

import yaml
from conftest import REPOSITORY

FILES = ("requirements.lock", "requirements-dev.lock", "install/torch.txt")
PINS = {file: dict(re.findall(r"^([A-Za-z0-9_.-]+)==(\S+)", (REPOSITORY / file).read_text(), re.M)) for file in FILES}
LOCK = {name: version for pins in PINS.values() for name, version in pins.items()}
PROJECT = tomllib.loads((REPOSITORY / "pyproject.toml").read_text())["project"]


def canonical(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()


LOCKED = {canonical(name): version for name, version in LOCK.items()}


def environment_pins() -> dict[str, str]:
    environment = yaml.safe_load((REPOSITORY / "environment.yml").read_text())
    (pip,) = [item["pip"] for item in environment["dependencies"] if isinstance(item, dict)]
    return dict(item.split("==") for item in pip if "==" in item)


def test_environment_file_and_lock_agree():
    pins = environment_pins()
    assert {canonical(name): version for name, version in pins.items()}.items() <= LOCKED.items()
    for wanted in ("snakemake", "snakemake-executor-plugin-slurm", "torch", "numpy", "pandas", "seaborn", "pyarrow"):
        assert wanted in pins


def test_tools_for_tests_are_apart():
    """`make figures` installs what the library and the workflow need, and no more."""
    run, dev, torch = ({canonical(name) for name in PINS[file]} for file in FILES)
    assert torch == {"torch"}
    assert not run & dev
    extras = PROJECT["optional-dependencies"]
    names = lambda requirements: {canonical(re.match(r"[A-Za-z0-9_.-]+", r).group()) for r in requirements}  # noqa: E731
    assert names([*PROJECT["dependencies"], *extras["workflow"], *extras["export"]]) - {"torch"} <= run
    assert {"pytest", "hypothesis", "playwright", "ruff", "mkdocs", "transformers"} <= dev


def test_every_locked_release_has_hashes():
    for file in FILES[:2]:
        pins = re.split(r"\n(?=\S)", (REPOSITORY / file).read_text().partition("\n")[2].strip())
        assert all("--hash=sha256:" in pin for pin in pins), file
    assert len(PINS["requirements.lock"]) > 80


def test_every_dependency_is_locked():
    declared = [*PROJECT["dependencies"], *itertools.chain(*PROJECT["optional-dependencies"].values())]
    for requirement in declared:
        name = re.match(r"[A-Za-z0-9_.-]+", requirement).group()
        assert canonical(name) in LOCKED, f"{name} is not in requirements.lock; run `make lock`"


def test_installed_versions_are_the_locked_ones():
    for name in ("torch", "numpy", "pandas", "pyarrow", "snakemake", "matplotlib"):
        assert importlib.metadata.version(name).split("+")[0] == LOCKED[name]


def test_imports_of_the_library_are_declared():
    declared = {canonical(re.match(r"[A-Za-z0-9_.-]+", r).group()) for r in PROJECT["dependencies"]}
    names = {"yaml": "pyyaml", "sklearn": "scikit-learn"}
    for file in without_snakemake():
        for node in ast.walk(ast.parse(file.read_text())):
            modules = [a.name for a in node.names] if isinstance(node, ast.Import) else []
            if isinstance(node, ast.ImportFrom) and node.module:
                modules = [node.module]
            for module in modules:
                top = module.split(".")[0]
                if top not in sys.stdlib_module_names and top != "initscale":
                    assert canonical(names.get(top, top)) in declared, f"{file.name} imports {top}"


def test_library_needs_no_snakemake():
    for file in without_snakemake():
        assert "import snakemake" not in file.read_text(), file
        assert "from snakemake" not in file.read_text(), file
        assert "workflow.terminal" not in file.read_text(), f"{file} needs what only the Snakefile has"


def without_snakemake() -> list[Path]:
    """Files of the library, but for the one that only the Snakefile imports: what a run shows on the terminal."""
    return [file for file in (REPOSITORY / "lib").rglob("*.py") if file.parts[-2:] != ("workflow", "terminal.py")]
