"""Small systems that are no decoder: each asks in seconds whether the initialization decides what is learnt.

A system is a module or a folder of this package and is found by its name. It offers

``COLUMNS``            the columns of its table (``initscale.files.tables``)
``SCHEMA``             JSON schema of its options, an entry of the section ``systems`` of the configuration
``simulate(options)``  the table, an Arrow table that depends on nothing but the options

What is heavy to import is imported inside ``simulate``, since every command reads ``SCHEMA``.
"""

from __future__ import annotations

import importlib
import pkgutil
from types import ModuleType


def system_names() -> list[str]:
    """Names of all systems, sorted."""
    return sorted(module.name for module in pkgutil.iter_modules(__path__))


def load_system(name: str) -> ModuleType:
    """The module of a system."""
    return importlib.import_module(f"{__name__}.{name}")
