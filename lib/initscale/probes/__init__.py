"""Measurements on finished runs, a folder each, found by their name. Probes know nothing of each other.

The folder ``NAME`` has

``__init__``     ``NEEDS``, what it needs of a task (``offers`` in ``initscale.tasks.interface``), and
                 ``check(config, study, describe)``, its options against a study; both may be left out
``schema.yaml``  its options, the section ``probes.NAME`` of the configuration
``measure``      ``COLUMNS`` (see ``initscale.files.tables``) and ``probe(run, options)``, which returns an Arrow table
                 with these columns
"""

from __future__ import annotations

import importlib
from pathlib import Path
from types import ModuleType


def probe_names() -> list[str]:
    """Names of all probes."""
    return sorted(path.parent.name for path in Path(__file__).parent.glob("*/measure.py"))


def load_probe(name: str) -> ModuleType:
    """Module that measures."""
    return importlib.import_module(f"{__name__}.{name}.measure")


def declared_by(name: str) -> ModuleType:
    """What a probe declares; imports nothing heavy."""
    return importlib.import_module(f"{__name__}.{name}")
