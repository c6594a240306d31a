"""Tasks by name. A task knows nothing of models, training or figures.

Modules are imported only when they are asked for, so that an edit in one task leaves the runs of all others
up to date. For the task ``NAME`` there are three modules, described in ``initscale.tasks.interface``:
``NAME`` (definition, no heavy imports), ``NAME_generate`` (makes the data) and ``NAME_tensors`` (reads them).
"""

from __future__ import annotations

import importlib
from types import ModuleType

TASKS = ("anchor", "scan", "cogs", "addition", "prontoqa", "text")
"""Registered tasks; each is the name of a module in this package."""


def load_task(name: str, part: str = "") -> ModuleType:
    """Import a module of the task ``name``: its definition, or its part ``generate`` or ``tensors``."""
    return importlib.import_module(f"{__name__}.{name}{'_' + part if part else ''}")


def trainer_module(name: str) -> str:
    """The module that trains on data of the task ``name``."""
    return f"initscale.training.{load_task(name).TRAINER}"


def task_modules(name: str, part: str) -> list[str]:
    """Modules that a stage imports by name for the task ``name``; ``part`` as in ``load_task``."""
    modules = [f"{__name__}.{name}", f"{__name__}.{name}_{part}"]
    return [*modules, trainer_module(name)] if part == "tensors" else modules
