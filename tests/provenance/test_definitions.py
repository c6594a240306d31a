"""The identity of code: what counts, what does not, and that nothing that counts hides in the frame."""

from __future__ import annotations

import ast
import importlib
import json
import sys
import types
from collections import Counter
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest
import torch

from initscale.config.load import load_config
from initscale.experiment.grid import run_facts, study_points
from initscale.provenance.definitions import PACKAGE, changed, identity, module_file, reached
from initscale.provenance.frame import CARRIERS, FRAME, covered_by, is_frame
from initscale.provenance.normal_form import normal_form
from initscale.records.code import code_definitions, data_roots, probe_roots
from initscale.stages.generate_data import generate_data
from initscale.stages.probe import probe_run
from initscale.stages.train import train_runs
from initscale.tasks import task_names
from initscale.training.choices import training_roots

BEFORE = """
import math

def area(r: float) -> float:
    '''Area.'''
    LOG.info("area of %s", r)
    if r < 0:
        raise ValueError(f"{r} is negative")
    return PI * r * r

PI = 3.14
OTHER = 1
"""


@pytest.fixture
def package(tmp_path, monkeypatch):
    """Writes modules of a package of one's own and gives the identity of `circle:area` there."""
    monkeypatch.syspath_prepend(str(tmp_path))

    def measure(**modules: str) -> str:
        for name, text in modules.items():
            (tmp_path / f"{name}.py").write_text(text)
        for cached in (module_file, reached):
            getattr(cached, "cache_clear", lambda: None)()
        definitions = importlib.import_module("initscale.provenance.definitions")
        for name in ("_folder_of", "read_source", "_digest_and_uses"):
            getattr(definitions, name).cache_clear()
        return identity(reached(["circle:area"]))

    return measure


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("'''Area.'''", "'''The area of a circle.'''"),
        ("return PI", "# squared\n    return PI"),
        ('"area of %s", r', '"circle %s", r'),
        ('f"{r} is negative"', '"too small"'),
        ("import math", "import cmath, math"),
        ("r: float) -> float", "r)"),
        ("OTHER = 1", "OTHER = 2"),
    ],
    ids=["docstring", "comment", "log", "error", "import", "annotations", "unused constant"],
)
def test_what_does_not_count(package, old, new):
    assert old in BEFORE
    assert package(circle=BEFORE) == package(circle=BEFORE.replace(old, new))


@pytest.mark.parametrize(("old", "new"), [("r * r", "r * r * 1"), ("3.14", "3.142"), ("r < 0", "r <= 0")])
def test_what_counts(package, old, new):
    assert package(circle=BEFORE) != package(circle=BEFORE.replace(old, new))


def test_a_definition_that_moves_to_another_module_stays_the_same(package):
    alone = package(circle=BEFORE)
    moved = BEFORE.replace("PI = 3.14\n", "").replace("import math", "from numbers_of import PI")
    # a module outside this package is followed only if it is named, so the move is made inside one package
    (Path(sys.path[0]) / "shapes").mkdir(exist_ok=True)
    folder = Path(sys.path[0]) / "shapes"
    (folder / "__init__.py").write_text("")
    (folder / "circle.py").write_text(moved.replace("numbers_of", "shapes.numbers_of"))
    (folder / "numbers_of.py").write_text("PI = 3.14\n")
    assert identity(reached(["shapes.circle:area"])) == alone
    (folder / "numbers_of.py").write_text("PI = 3.2\n")
    definitions = importlib.import_module("initscale.provenance.definitions")
    for name in ("read_source", "_digest_and_uses"):
        getattr(definitions, name).cache_clear()
    assert identity(reached(["shapes.circle:area"])) != alone


def test_effects_on_import_count_for_what_they_change(package):
    registry = "TABLE = {}\nTABLE['a'] = 1\n\ndef area(r):\n    return TABLE[r]\n"
    assert package(circle=registry) != package(circle=registry.replace("= 1", "= 2"))


def test_an_unknown_root_is_refused():
    with pytest.raises(LookupError, match="nowhere"):
        reached(["initscale.nowhere:nothing"])


def test_changes_are_named_and_moves_are_none():
    before = {"a:f": "1", "a:g": "2"}
    assert changed(before, {"b:f": "1", "a:g": "2"}) == []
    assert changed(before, {"a:f": "1", "a:g": "3", "a:h": "4"}) == ["a:g", "a:h"]


def test_columns_count_by_name_and_type_only():
    forms = [
        normal_form(ast.parse(f"X = Column('a', 'int64', {unit!r}, {meaning!r})").body[0]).text
        for unit, meaning in (("1", "one thing"), ("steps", "another"))
    ]
    assert forms[0] == forms[1]
    assert forms[0] != normal_form(ast.parse("X = Column('a', 'int32', '1', 'one thing')").body[0]).text


def tasks_and_facts(smoke) -> dict[str, dict]:
    """A run's facts for every task that the smoke scale trains."""
    studies = smoke["studies"].values()
    first = {smoke["datasets"][s["dataset"]]["task"]: name for name, s in smoke["studies"].items() for _ in [studies]}
    return {task: run_facts(smoke, name, next(study_points(smoke["studies"][name]))) for task, name in first.items()}


def test_frozen_definitions(smoke):
    """What finished trainings and data sets depend on rests: a change of any makes long runs stale, so it is listed.

    A new task adds definitions and takes none away, so it needs no new list; a definition that old runs newly reach
    changes the one that leads to it.

    python tests/provenance/test_definitions.py     lists them anew, when a change is meant
    """
    now = frozen(smoke)
    listed = json.loads(FROZEN.read_text())
    gone = {name: Counter(digests.split()) - Counter(now.get(name, "").split()) for name, digests in listed.items()}
    assert [name for name, digests in gone.items() if digests] == [], "runs that use these are stale; is that meant?"


FROZEN = Path(__file__).parents[1] / "golden" / "frozen_definitions.json"


def frozen(smoke) -> dict[str, str]:
    """Name -> hashes of the definitions that data and trainings depend on, wherever they stand."""
    roots = [root for task in task_names() for root in data_roots(task)]
    roots += [root for facts in tasks_and_facts(smoke).values() for root in training_roots(facts)]
    by_name: dict[str, list[str]] = {}
    for label, digest in code_definitions(roots).items():
        by_name.setdefault(label.partition(":")[2], []).append(digest)
    return {name: " ".join(sorted(digests)) for name, digests in sorted(by_name.items())}


NUMBERS = (torch.Tensor, np.ndarray, np.generic, pa.Table, float, complex)


@pytest.fixture(scope="module")
def calls(tmp_path_factory):
    """What package functions returned to whom, while data were made, a run trained and measured; and what counts."""
    smoke = load_config({"scale": "smoke"})
    folder = tmp_path_factory.mktemp("traced")
    facts = run_facts(smoke, "phase", next(study_points(smoke["studies"]["phase"])))
    facts["training"] = facts["training"] | {"duration": "6 steps", "warmup": "2 steps"}
    execution = smoke["execution"] | {"processes": 1}
    seen: dict[tuple, object] = {}

    def watch(frame: types.FrameType, event: str, value: object) -> None:
        if event != "return" or frame.f_back is None:
            return
        callee, caller = (_definition(f) for f in (frame, frame.f_back))
        if callee and caller:
            seen.setdefault((callee, caller, _kind(value)), None)

    sys.setprofile(watch)
    try:
        generate_data(facts["dataset"], folder / "data")
        train_runs([facts], folder / "data", [folder / "run"], execution)
        probes = {name: smoke["probes"][name] for name in smoke["studies"]["phase"]["probes"]}
        probe_run(folder / "run", folder / "data", probes, facts, folder / "probes" / "measured.json", str(folder))
    finally:
        sys.setprofile(None)
    code = code_definitions([*data_roots("anchor"), *training_roots(facts), *probe_roots(probes, "anchor")])
    return list(seen), set(code)


def _definition(frame: types.FrameType) -> tuple[str, str] | None:
    path = Path(frame.f_code.co_filename)
    if not path.is_relative_to(PACKAGE):
        return None
    module = ".".join([PACKAGE.name, *path.relative_to(PACKAGE).with_suffix("").parts]).removesuffix(".__init__")
    return module, frame.f_code.co_qualname.partition(".")[0].partition("<")[0]


def _kind(value: object) -> str:
    if isinstance(value, dict):
        return "numbers" if any(isinstance(v, NUMBERS) for v in value.values()) else "other"
    if isinstance(value, list | tuple):
        return "numbers" if any(isinstance(v, NUMBERS) for v in value) else "other"
    return "numbers" if isinstance(value, NUMBERS) else "other"


def test_every_function_that_ran_counts_or_is_declared_as_frame(calls):
    ran, code = calls
    stages = ("initscale.stages", "initscale.tasks", "initscale.probes")  # plumbing of stages; packages' look-ups
    missing = {
        f"{module}:{name}"
        for (module, name), _, _ in ran
        if name and f"{module}:{name}" not in code and not is_frame(module, name) and module not in stages
        if not module.startswith("initscale.stages.")
    }
    assert not missing, " ".join(sorted(missing))


def test_no_number_comes_out_of_the_frame_but_of_its_carriers(calls):
    """A definition that numbers need and that slipped into the frame shows here: it hands numbers to counted code."""
    ran, code = calls
    leaks = {
        f"{module}:{name}"
        for (module, name), caller, kind in ran
        if kind == "numbers" and is_frame(module, name) and not covered_by(CARRIERS, module, name)
        if ":".join(caller) in code
    }
    assert leaks == set()


def test_a_leak_would_be_seen(calls, monkeypatch):
    """Were the norms part of the frame, the test above would be red."""
    monkeypatch.setitem(FRAME, "initscale.training.norms", "a mistake")
    with pytest.raises(AssertionError):
        test_no_number_comes_out_of_the_frame_but_of_its_carriers(calls)


def test_what_the_frame_declares_exists():
    for declared in (*FRAME, *CARRIERS):
        module, _, name = declared.partition(":")
        imported = importlib.import_module(module)
        assert not name or hasattr(imported, name), declared


if __name__ == "__main__":
    FROZEN.write_text(json.dumps(frozen(load_config({"scale": "smoke"})), indent=1) + "\n")
