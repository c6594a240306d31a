"""What the Snakefile and its rules need from the library: the checked configuration and names for its parts."""

from __future__ import annotations

import math
import os
import re
import sys
from collections.abc import Callable, Mapping
from pathlib import Path

from initscale.claims import selection
from initscale.claims.definitions import load_claims
from initscale.claims.evidence import table_names
from initscale.config import CONFIG_FOLDER, load_config, parse_texts
from initscale.errors import ConfigError
from initscale.grid import Point, run_facts
from initscale.paths import RUN_FILES, Layout, find_point
from initscale.sources import used_files
from initscale.tasks import task_modules

REPOSITORY = Path(__file__).resolve().parents[2]
PAGE = Path(__file__).resolve().parent / "report" / "page"


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


def figures_of(config: dict) -> list[str]:
    """Figures that the workflow makes: all, or with ``source: reference`` those whose table is committed.

    In the paper's order, those beyond the paper behind. The missing ones are named on the terminal.
    """
    names = sorted((name for name in config["figures"] if name != "style"), key=_order)
    if config["source"] == "runs":
        return names
    layout = Layout(config)
    found = [name for name in names if os.path.exists(layout.table(name))]
    missing = ", ".join(name for name in names if name not in found)
    if not found:
        raise ConfigError(
            f"there are no reference tables of the scale `{config['scale']}`",
            where="config key `source`",
            hint="use source=runs, or another scale",
        )
    if missing and not os.environ.get("INITSCALE_TOLD"):
        print(f"No reference table of the scale `{config['scale']}`, so not drawn: {missing}", file=sys.stderr)
        os.environ["INITSCALE_TOLD"] = "1"  # Snakemake reads the Snakefile once more in every job
    return found


def _order(figure: str) -> tuple[float, str]:
    number = re.match(r"fig(\d+)", figure)
    return (int(number[1]) if number else math.inf, figure)


def code(script: str, *modules: str) -> list[str]:
    """Source files that a script really uses, as inputs of its rule (relative, so that a checkout can be moved)."""
    return [os.path.relpath(path) for path in used_files(REPOSITORY / "scripts" / script, modules)]


def datasets_by_task(config: dict) -> dict[str, list[str]]:
    """Task -> the data sets that it makes."""
    found: dict[str, list[str]] = {}
    for dataset, spec in config["datasets"].items():
        found.setdefault(spec["task"], []).append(dataset)
    return found


def data_code(task: str) -> list[str]:
    """Source files that the generation of a task's data uses."""
    return code("generate_data.py", *task_modules(task, "generate"))


def training_code(config: dict, study: str) -> list[str]:
    """Source files that the runs of a study use."""
    task = config["datasets"][config["studies"][study]["dataset"]]["task"]
    return code("train.py", *task_modules(task, "tensors"))


def probe_code(config: dict, study: str) -> list[str]:
    """Source files that the probes of a study use."""
    section = config["studies"][study]
    task = config["datasets"][section["dataset"]]["task"]
    probes = (f"initscale.probes.{name}" for name in section["probes"])
    return code("probe.py", f"initscale.tasks.{task}", *probes)


def facts_of(config: dict, study: str) -> Callable[[Mapping], dict]:
    """Function of the wildcards that gives the facts of one run, as a list of one."""
    return lambda wildcards: [run_facts(config, study, find_point(config["studies"][study], dict(wildcards.items())))]


def starts_of(config: dict, study: str) -> Callable[[Mapping], list[str]]:
    """Function of the wildcards that gives the weights which one run starts from: none, or one file."""
    section, layout = config["studies"][study], Layout(config)
    return lambda wildcards: layout.start_weights(study, find_point(section, dict(wildcards.items())))


def bundle_files(layout: Layout, study: str, points: list[Point]) -> dict[str, list[str]]:
    """Outputs of a job that trains several runs, by name, in the order of ``points``."""
    folders = [layout.run_folder(study, point) for point in points]
    return {name: [f"{folder}/{file}" for folder in folders] for name, file in RUN_FILES.items()}


def judged_figures(config: dict) -> list[str]:
    """Figures whose tables claims are judged on."""
    return table_names(config, load_claims())


def roles_of(config: dict) -> dict[str, dict]:
    """What the claims call the roles of each study, and what they read from its model."""
    return {study: selection.roles_of(config, study) for study in config["studies"]}


def claim_files() -> list[str]:
    """Files that say what is claimed."""
    return [os.path.relpath(CONFIG_FOLDER / name) for name in ("claims.yaml", "claims.schema.yaml", "paper_values.csv")]


def page_files() -> list[str]:
    """Template, style and script of the report."""
    return sorted(os.path.relpath(path) for path in PAGE.iterdir() if path.is_file())
