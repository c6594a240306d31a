"""Measurements on finished runs. Module ``NAME`` makes one tidy table per run; probes know nothing of each other.

Each module offers ``COLUMNS`` (see ``initscale.files.tables``) and ``probe(run, options)``, which returns an Arrow
table with these columns; ``options`` is the section ``probes.NAME`` of the configuration.
"""

from __future__ import annotations

import importlib
from types import ModuleType


def load_probe(name: str) -> ModuleType:
    """Module of a probe."""
    return importlib.import_module(f"{__name__}.{name}")
