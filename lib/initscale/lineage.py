"""Where tables and pictures come from, written beside them as JSON; ``explain`` reads it back (see ``chain``)."""

from __future__ import annotations

import os
from collections.abc import Iterable
from pathlib import Path

from initscale.paths import Layout
from initscale.provenance import git_state, versions
from initscale.sources import source_hash, used_files
from initscale.storage import file_hash, read_json, write_json

_STAGES = Path(__file__).resolve().parent / "stages"


def code_hash(stage: str, figure: str) -> str:
    """Hash of the source files that make a table (``stage`` aggregate) or draw it (``figure``)."""
    package = {"aggregate": "aggregate", "figure": "figures"}[stage]
    return source_hash(used_files(_STAGES / f"{stage}.py", [f"initscale.{package}.{figure}"]))


def write_table_lineage(config: dict, figure: str, inputs: Iterable[str]) -> None:
    """Write what the table of ``figure`` was just made of: every input with its hash, code, commit, versions."""
    layout = Layout(config)
    write_json(
        layout.lineage(figure),
        {
            "figure": figure,
            "scale": config["scale"],
            "table": {"path": layout.table(figure), "sha256": file_hash(layout.table(figure))},
            "inputs": {path: file_hash(path) for path in sorted(set(inputs))},
            "options": config["figures"][figure],
            "code": code_hash("aggregate", figure),
            "git": git_state(),
            "versions": versions(),
        },
    )


def write_sidecar(config: dict, figure: str, pictures: Iterable[str]) -> None:
    """Write where the pictures of ``figure`` come from; it repeats what is known of the table."""
    layout = Layout(config)
    known = os.path.exists(layout.lineage(figure))
    write_json(
        layout.sidecar(figure),
        {
            "figure": figure,
            "scale": config["scale"],
            "source": config["source"],
            "pictures": {path: file_hash(path) for path in pictures},
            "table": {"path": layout.table(figure), "sha256": file_hash(layout.table(figure))},
            "table_made_of": read_json(layout.lineage(figure)) if known else None,
            "options": config["figures"][figure],
            "style": config["figures"]["style"],
            "code": code_hash("figure", figure),
            "git": git_state(),
            "versions": versions(),
        },
    )
