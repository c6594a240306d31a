"""What a person has who installs the wheel: no repository, no Snakemake, an empty folder."""

from __future__ import annotations

import re
import shlex
from dataclasses import replace

import pytest
from conftest import REPOSITORY
from installed import Environment, build_wheel, install

SMOKE = ("--scale", "smoke")


@pytest.fixture(scope="module")
def environment(tmp_path_factory) -> Environment:
    folder = tmp_path_factory.mktemp("wheel")
    return install(build_wheel(folder), folder)


def test_has_what_it_asks_for_and_nothing_else(environment):
    done = environment.run("python", "-c", "import initscale; print(initscale.__file__)")
    assert str(environment.root) in done.stdout
    for absent in ("snakemake", "pytest", "transformers"):
        assert environment.run("python", "-c", f"import {absent}", check=False).returncode == 1


def test_stages_from_an_empty_folder(environment):
    one = (*SMOKE, "--select", "gamma=0.3", "depth=3")
    environment.run("initscale", "generate-data", "anchor", *SMOKE)
    environment.run("initscale", "train", "phase", *one)
    environment.run("initscale", "probe", "phase", *one)
    environment.run("initscale", "aggregate", "fig9", *SMOKE)
    environment.run("initscale", "figure", "fig9", *SMOKE)
    made = environment.folder / "results" / "smoke"
    assert (made / "figures" / "fig9.png").stat().st_size > 10_000
    assert list(made.glob("probes/phase/*/measured.json"))


def test_a_researchers_ten_minutes(environment):
    """An empty folder, the page's own model file, one command, the phases; and again, where nothing is left to do."""
    page = (REPOSITORY / "docs" / "own-model.md").read_text(encoding="utf-8")
    (module,) = re.findall(r"```python\n(# mymodule\.py\n.*?)```", page, re.DOTALL)
    (command,) = re.findall(r"^(initscale sweep --model .*)$", page, re.MULTILINE)
    own = replace(environment, folder=environment.root.parent / "own")
    own.folder.mkdir()
    (own.folder / "mymodule.py").write_text(module)
    short = [*shlex.split(command), "--duration", "40 steps"]
    assert "fig_sweep.png" in own.run(*short).stdout
    made = own.folder / "results" / "mymodule"
    assert (made / "figures" / "fig_sweep.png").stat().st_size > 10_000
    runs = {path: path.stat().st_mtime_ns for path in made.glob("runs/mymodule/*/run.json")}
    assert len(runs) == 9
    own.run(*short)
    assert {path: path.stat().st_mtime_ns for path in runs} == runs
    code = "import initscale, sys; print(initscale.load(sys.argv[1]).probes['layers'])"
    assert "stable_rank" in own.run("python", "-c", code, str(next(iter(runs)).parent)).stdout


def test_reference_tables_are_drawn_and_judged(environment):
    reference = ("--scale", "laptop", "--source", "reference")
    environment.run("initscale", "figure", "fig2", *reference)
    assert (environment.folder / "results" / "laptop" / "reference" / "figures" / "fig2.pdf").exists()
    assert "claims judged" in environment.run("initscale", "scorecard", *reference).stdout


def test_commands_for_the_repository_say_so(environment):
    done = environment.run("initscale", "departures", check=False)
    assert done.returncode == 2
    assert "clone of the repository" in done.stderr
