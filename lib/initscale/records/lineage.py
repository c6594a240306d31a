"""Records beside tables, pictures and measurements: what they are made of, with hashes, code, commit, versions.

``initscale.inspection`` reads them back. Paths in a record are relative to the scale's results folder, so results can
be copied and moved.
"""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Iterable
from pathlib import Path

from initscale.experiment.grid import needed_studies
from initscale.experiment.paths import Layout
from initscale.figures import folder_of, table_files
from initscale.files.storage import file_hash, read_json, write_json
from initscale.provenance.machine import git_state, versions
from initscale.records.code import (
    code_definitions,
    code_hash,
    drawing_roots,
    probe_roots,
    scorecard_roots,
    table_roots,
)
from initscale.repository import REFERENCE

_RUN_FACTS = ("dataset", "model", "training", "grid", "more", "evaluation", "probes", "init_from")


def settings_hash(settings: dict) -> str:
    """SHA-256 of settings in canonical JSON."""
    return hashlib.sha256(json.dumps(settings, sort_keys=True, separators=(",", ":")).encode()).hexdigest()


def relative(path: str, root: str) -> str:
    """A path as it stands in a record: relative to the results folder of the scale; outside it file and folder.

    The folder tells apart the tables of several scales, which have the same names; a committed one is named from its
    scale on.
    """
    inside, whole = os.path.relpath(path, root), Path(path).resolve()
    if not inside.startswith(".."):
        return inside
    return str(whole.relative_to(REFERENCE)) if whole.is_relative_to(REFERENCE) else "/".join(Path(path).parts[-2:])


def table_settings(config: dict, figure: str) -> dict:
    """What of the configuration a table depends on: the figure's options, its studies and data sets."""
    options = config["figures"][figure]
    studies = {name: config["studies"][name] for name in needed_studies(config, figure)}
    sections = {"models": "model", "training": "training", "datasets": "dataset"}
    used = {
        section: {study[key]: config[section][study[key]] for study in studies.values()}
        for section, key in sections.items()
    }
    if "dataset" in options:
        used["datasets"] |= {options["dataset"]: config["datasets"][options["dataset"]]}
    probes = {name for study in studies.values() for name in study["probes"]}
    return {
        "options": options,
        "studies": {name: {key: study[key] for key in _RUN_FACTS if key in study} for name, study in studies.items()},
        "evaluation": config["evaluation"],
        "probes": {name: config["probes"][name] for name in sorted(probes)},
        **used,
    }


def drawing_settings(config: dict, figure: str) -> dict:
    """What of the configuration a drawing depends on."""
    return {"options": config["figures"][figure], "style": config["figures"]["style"], "source": config["source"]}


def probe_settings(config: dict, study: str) -> dict:
    """What of the configuration the measurements of a study's runs depend on."""
    return {name: config["probes"][name] for name in config["studies"][study]["probes"]}


def scorecard_settings(config: dict) -> dict:
    """What of the configuration the verdicts depend on."""
    unused = ("execution", "cluster", "results", "overwrite")
    return {key: value for key, value in config.items() if key not in unused}


def write_record(
    path: str, root: str, settings: dict, roots: list[str], inputs: Iterable[str], files: Iterable[str], **more
) -> None:
    """Write the record of what a stage has just made.

    Parameters
    ----------
    path, root : of the record, and of the scale's results.
    settings : what of the configuration it depends on.
    roots : where its code begins.
    inputs, files : what it was made of, and what was made.
    more : further entries for readers.
    """
    write_json(
        path,
        {
            **more,
            "settings": settings_hash(settings),
            "code": code_hash(roots),
            "definitions": code_definitions(roots),
            "inputs": {relative(file, root): file_hash(file) for file in sorted(set(inputs))},
            "files": {Path(file).name: file_hash(file) for file in files},
            "git": git_state(),
            "versions": versions(),
        },
    )


def write_table_lineage(config: dict, figure: str, inputs: Iterable[str]) -> None:
    """Write what the table of ``figure`` was just made of."""
    layout = Layout(config)
    settings, files = table_settings(config, figure), table_files(layout, figure)
    about = {"figure": figure, "scale": config["scale"], "options": config["figures"][figure]}
    write_record(
        layout.lineage(figure), layout.root, settings, table_roots(folder_of(config, figure)), inputs, files, **about
    )


def write_sidecar(config: dict, figure: str, pictures: Iterable[str]) -> None:
    """Write where the pictures of ``figure`` come from; it repeats what is recorded of the table."""
    layout = Layout(config)
    recorded = os.path.exists(layout.lineage(figure))
    about = {"figure": figure, "scale": config["scale"], "source": config["source"]}
    about |= {"options": config["figures"][figure], "style": config["figures"]["style"]}
    about["table_made_of"] = read_json(layout.lineage(figure)) if recorded else None
    inputs = table_files(layout, figure)
    settings, roots = drawing_settings(config, figure), drawing_roots(folder_of(config, figure))
    write_record(layout.sidecar(figure), layout.root, settings, roots, inputs, pictures, **about)


def write_probe_record(path: str, root: str, probes: dict, task: str, run_record: str, files: Iterable[str]) -> None:
    """Write what the measurements of a run were made of."""
    write_record(path, root, probes, probe_roots(probes, task), [run_record], files)


def write_scorecard_record(config: dict, tables: Iterable[str]) -> None:
    """Write which tables the verdicts were made of."""
    layout = Layout(config)
    files = [layout.scorecard(suffix) for suffix in ("parquet", "companions.parquet", "csv", "md")]
    settings = scorecard_settings(config)
    write_record(
        layout.scorecard("json"), layout.root, settings, scorecard_roots(), tables, files, scale=config["scale"]
    )
