"""Stage aggregate: the table of one figure."""

from __future__ import annotations

import importlib
from types import ModuleType

from initscale.lineage import write_table_lineage
from initscale.paths import Layout
from initscale.storage import write_table


def load_aggregate(figure: str) -> ModuleType:
    """Module that makes the table of a figure."""
    return importlib.import_module(f"initscale.aggregate.{figure}")


def aggregate(config: dict, figure: str) -> str:
    """Write the table of ``figure``, and beside it what it was made of; return its path."""
    path, module = Layout(config).table(figure), load_aggregate(figure)
    write_table(path, module.table(config), {"figure": figure, "scale": config["scale"]})
    inputs = module.inputs(config).values()
    write_table_lineage(
        config, figure, [file for some in inputs for file in ([some] if isinstance(some, str) else some)]
    )
    return path
