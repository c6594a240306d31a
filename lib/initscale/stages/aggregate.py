"""Stage aggregate: the table of one figure."""

from __future__ import annotations

import importlib
from types import ModuleType

from initscale.paths import Layout
from initscale.storage import write_table


def load_aggregate(figure: str) -> ModuleType:
    """Module that makes the table of a figure."""
    return importlib.import_module(f"initscale.aggregate.{figure}")


def aggregate(config: dict, figure: str) -> str:
    """Write the table of ``figure`` and return its path."""
    path = Layout(config).table(figure)
    write_table(path, load_aggregate(figure).table(config), {"figure": figure, "scale": config["scale"]})
    return path
