"""Tasks by name. A task knows nothing of models, training or figures.

Modules are imported only when they are asked for, so that an edit in one task leaves the runs of all others
up to date. For the task ``NAME`` there are three modules, described in ``initscale.tasks.interface``:
``NAME`` (definition, no heavy imports), ``NAME_generate`` (makes the data) and ``NAME_tensors`` (reads them).
"""

from __future__ import annotations

import importlib
from types import ModuleType

TASKS = ("anchor",)
"""Registered tasks; each is the name of a module in this package."""


def load_task(name: str, part: str = "") -> ModuleType:
    """Import a module of the task ``name``: its definition, or its part ``generate`` or ``tensors``."""
    return importlib.import_module(f"{__name__}.{name}{'_' + part if part else ''}")
