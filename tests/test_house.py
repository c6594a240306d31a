"""Where everything lives: no import runs upwards or in a circle, and what a command does not need it does not load."""

from __future__ import annotations

import ast
import graphlib
import subprocess
import sys

import grimp
import pytest

from initscale.config.load import load_config
from initscale.figures import declared, figure_folders, load_figure
from initscale.probes import declared_by, load_probe, probe_names
from initscale.probes.checking import needs, offers
from initscale.repository import PACKAGE
from initscale.stages.aggregate import input_files

FLOORS = (
    "__main__",
    "cli",
    "sweep",
    "workflow",
    "stages",
    "api | inspection | report",
    "config",
    "records",
    "figures",
    "claims",
    "probes | systems",
    "training",
    "models | paper",
    "provenance",
    "experiment",
    "tasks",
    "files",
    "repository",
    "errors",
)
"""Packages from the top down: each imports only from floors below its own."""
TO_MEND = {
    ("initscale.training", "initscale.sweep"),
    ("initscale.models", "initscale.sweep"),
    ("initscale.probes", "initscale.api"),
}
"""Upward imports of the sweep of one's own model; no other may come, and one that is gone leaves this list."""


@pytest.fixture(scope="module")
def graph() -> grimp.ImportGraph:
    return grimp.build_graph("initscale", cache_dir=None)


def upward(graph: grimp.ImportGraph, floors) -> set[tuple[str, str]]:
    """Imports that run upwards, or between packages of one floor."""
    layers = [grimp.Layer(*floor.split(" | "), independent=True) for floor in floors]
    found = graph.find_illegal_dependencies_for_layers(layers, containers={"initscale"})
    return {(chain.importer, chain.imported) for chain in found}


def test_no_import_runs_upwards(graph):
    assert upward(graph, FLOORS) == TO_MEND


def test_every_package_has_its_floor(graph):
    on_floors = {name for floor in FLOORS for name in floor.split(" | ")}
    assert {name.removeprefix("initscale.") for name in graph.find_children("initscale")} == on_floors


def test_an_upward_import_would_be_seen(graph):
    assert upward(graph, FLOORS[::-1])
    swapped = [floor for floor in FLOORS if floor != "config"]
    assert ("initscale.stages", "initscale.config") in upward(graph, ["config", *swapped])


def test_there_is_no_circle(graph):
    imports = {module: graph.find_modules_directly_imported_by(module) for module in graph.modules}
    # a package that imports a part of its own folder is no circle: the part is found through it
    own = {m: {i for i in of if not i.startswith(f"{m}.")} for m, of in imports.items()}
    list(graphlib.TopologicalSorter(own).static_order())


def test_four_modules_lie_directly_in_the_package():
    assert len(list(PACKAGE.glob("*.py"))) <= 4


def test_one_module_counts_folders_upwards():
    climbing = set()
    for path in PACKAGE.rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.Attribute) and node.attr in ("parent", "parents"):
                inner = ast.unparse(node.value)
                if "__file__" in inner and (node.attr == "parents" or ".parent" in inner or "resolve" in inner):
                    climbing.add(path.name)
    assert climbing == {"repository.py"}


@pytest.mark.parametrize("command", [["config", "--scale", "smoke"], ["--help"]], ids=lambda words: words[0])
def test_the_configuration_is_checked_without_heavy_imports(command):
    code = (
        "import sys\nfrom initscale.cli.main import main\n"
        f"try:\n    main({command!r})\nexcept SystemExit:\n    pass\n"
        "print('LOADED', *({name.split('.')[0] for name in sys.modules}))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    loaded = done.stdout.rpartition("LOADED")[2].split()
    assert "initscale" in loaded
    assert not {"matplotlib", "scipy", "seaborn", "sklearn", "torch"} & set(loaded)


@pytest.mark.parametrize("folder", figure_folders())
def test_a_figure_reads_the_probes_that_it_declares(folder, smoke):
    """And no others; what its table is made of says so."""
    config = load_config({"scale": "calibration"}) if folder == "calibration" else smoke
    if folder == "fig_sweep":  # of no scale: a sweep has a configuration of its own
        config = smoke | {"figures": smoke["figures"] | {"fig_sweep": {"study": "phase"}}}
    figure = folder if folder in config["figures"] else f"{folder}_phase"
    files = [file for file in input_files(config, figure) if "/probes/" in file]
    names = {file.rpartition("/")[2].removesuffix(".parquet") for file in files} - {"measured.json"}
    assert names == set(declared(folder, "PROBES"))
    assert load_figure(folder, "drawing").NEEDS


@pytest.mark.parametrize("probe", probe_names())
def test_some_task_offers_what_a_probe_needs(probe, smoke):
    assert any(set(needs(probe)) <= set(offers(spec)) for spec in smoke["datasets"].values())
    assert load_probe(probe).COLUMNS
    assert declared_by(probe).__doc__
