"""What the Snakefile and its rules need from the library: the checked configuration and names for its parts."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from pathlib import Path

from initscale.config import load_config, parse_texts
from initscale.grid import Point, run_facts
from initscale.paths import RUN_FILES, Layout, find_point
from initscale.sources import used_files

REPOSITORY = Path(__file__).resolve().parents[2]


def workflow_config(given: Mapping) -> dict:
    """The checked configuration.

    Parameters
    ----------
    given : Snakemake's ``config``. The Snakefile has no ``configfile:``, so it holds what the command line says.

    Raises
    ------
    ConfigError
    """
    layer = {key: value if isinstance(value, str) else parse_texts(value) for key, value in given.items()}
    return load_config(layer, REPOSITORY / "config" / "config.yaml")


def code(script: str, *modules: str) -> list[str]:
    """Source files that a script really uses, as inputs of its rule (relative, so that a checkout can be moved)."""
    return [os.path.relpath(path) for path in used_files(REPOSITORY / "scripts" / script, modules)]


def data_code(config: dict, dataset: str) -> list[str]:
    """Source files that the generation of a data set uses."""
    task = config["datasets"][dataset]["task"]
    return code("generate_data.py", f"initscale.tasks.{task}", f"initscale.tasks.{task}_generate")


def training_code(config: dict, study: str) -> list[str]:
    """Source files that the runs of a study use."""
    task = config["datasets"][config["studies"][study]["dataset"]]["task"]
    return code("train.py", f"initscale.tasks.{task}", f"initscale.tasks.{task}_tensors")


def probe_code(config: dict, study: str) -> list[str]:
    """Source files that the probes of a study use."""
    section = config["studies"][study]
    task = config["datasets"][section["dataset"]]["task"]
    probes = (f"initscale.probes.{name}" for name in section["probes"])
    return code("probe.py", f"initscale.tasks.{task}", *probes)


def facts_of(config: dict, study: str) -> Callable[[Mapping], dict]:
    """Function of the wildcards that gives the facts of one run, as a list of one."""
    return lambda wildcards: [run_facts(config, study, find_point(config["studies"][study], dict(wildcards.items())))]


def bundle_files(layout: Layout, study: str, points: list[Point]) -> dict[str, list[str]]:
    """Outputs of a job that trains several runs, by name, in the order of ``points``."""
    folders = [layout.run_folder(study, point) for point in points]
    return {name: [f"{folder}/{file}" for folder in folders] for name, file in RUN_FILES.items()}
