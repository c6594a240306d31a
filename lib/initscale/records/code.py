"""The identity of the code of every stage: where it begins, and the hash of all that it leads to."""

from __future__ import annotations

import functools
from collections.abc import Iterable

from initscale.figures import declared
from initscale.provenance.definitions import Definitions, identity, reached
from initscale.tasks import generator_of, load_task, task_module
from initscale.training.choices import training_roots

_RUN = "initscale.probes.run:FinishedRun"


def data_roots(task: str, spec: dict | None = None) -> list[str]:
    """Of the generation of a task's data; of one data set where its section is given and chooses code of its own."""
    definition = load_task(task)
    if spec is not None and hasattr(definition, "code_roots"):
        return [f"{task_module(task, 'generate')}:generate", *definition.code_roots(spec)]
    if spec is not None and (part := generator_of(spec)) != "generate":
        return [f"{task_module(task, part)}:generate"]
    module, definition = task_module(task, "generate"), task_module(task)
    streams = [f"{module}:collect"] if hasattr(load_task(task, "generate"), "collect") else []
    downloads = [f"{definition}:downloads"] if hasattr(load_task(task), "downloads") else []
    return [f"{module}:generate", *streams, *downloads]


def probe_roots(probes: Iterable[str], task: str) -> list[str]:
    """Of the measurement of a run by these probes; they ask its task for the number of training sequences."""
    return [_RUN, f"{task_module(task)}:training_rows", *(f"initscale.probes.{name}.measure:probe" for name in probes)]


def system_roots(name: str) -> list[str]:
    """Of the simulation of a small system."""
    return [f"initscale.systems.{name}:simulate"]


def table_roots(folder: str) -> list[str]:
    """Of the table of a folder's figures."""
    parts = [f"initscale.figures.{folder}:TABLES"] if declared(folder, "TABLES") else []
    return [f"initscale.figures.{folder}.table:table", *parts]


def drawing_roots(folder: str) -> list[str]:
    """Of the drawing of a folder's figures."""
    style = "initscale.figures.panels.style"
    return [f"initscale.figures.{folder}.drawing:draw", f"{style}:save_figure", f"{style}:style"]


def scorecard_roots() -> list[str]:
    """Of the verdicts; all metrics, because claims name them in the configuration."""
    return [
        "initscale.claims.scorecard:scorecard",
        "initscale.claims.metrics",
    ]


def report_roots() -> list[str]:
    """Of the report."""
    return ["initscale.stages.report:report"]


@functools.cache
def _of_roots(roots: tuple[str, ...]) -> tuple[str, Definitions]:
    definitions = reached(roots)
    return identity(definitions), definitions


def code_hash(roots: Iterable[str]) -> str:
    """Identity of the code that begins at these roots."""
    return _of_roots(tuple(roots))[0]


def code_definitions(roots: Iterable[str]) -> Definitions:
    """What that code consists of: ``module:name`` -> hash."""
    return _of_roots(tuple(roots))[1]


def training_code(facts: dict) -> str:
    """Identity of the code of a run, from its facts."""
    return code_hash(training_roots(facts))
