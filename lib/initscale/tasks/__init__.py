"""Tasks, a folder each, found by their name. A task knows nothing of models, training or figures.

The folder ``NAME`` has three modules, described in ``initscale.tasks.interface``: ``definition`` (no heavy imports),
``generate`` (makes the data) and ``tensors`` (reads them). They are imported only when they are asked for, so a new
task is a new folder, and an edit in one task leaves the runs of all others up to date.
"""

from __future__ import annotations

import importlib
from pathlib import Path
from types import ModuleType

from initscale.errors import ConfigError


def task_names() -> list[str]:
    """Names of all tasks: the folders here that have a definition."""
    return sorted(path.parent.name for path in Path(__file__).parent.glob("*/definition.py"))


def task_module(name: str, part: str = "definition") -> str:
    """Dotted name of a task's module: ``definition``, ``generate`` or ``tensors``; a dotted task is a package."""
    return f"{name}.{part}" if "." in name else f"{__name__}.{name}.{part}"


def generator_of(spec: dict) -> str:
    """The part of a data set's task that makes it: ``generate``, or another one that its definition names."""
    definition = load_task(spec["task"])
    return definition.generator(spec) if hasattr(definition, "generator") else "generate"


def load_task(name: str, part: str = "definition") -> ModuleType:
    """Import a module of the task ``name``.

    Raises
    ------
    ConfigError if there is no such task.
    """
    try:
        return importlib.import_module(task_module(name, part))
    except ModuleNotFoundError as error:
        if not task_module(name, part).startswith(error.name or ""):
            raise  # something that the task itself imports
        raise ConfigError(f"`{name}` is not a task (there are {', '.join(task_names())})") from error
