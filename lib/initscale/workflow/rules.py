"""What the Snakefile and its rules need from the library: the checked configuration and names for its parts."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Collection, Iterable, Mapping
from pathlib import Path

from initscale.claims import selection
from initscale.claims.companions import load_companion_claims
from initscale.claims.definitions import load_claims
from initscale.claims.evidence import table_names
from initscale.config.load import Loaded, load, parse_texts
from initscale.errors import ConfigError, OutputError
from initscale.experiment.grid import Point, run_facts, study_points
from initscale.experiment.paths import RUN_FILES, Layout, find_point
from initscale.figures import figure_order
from initscale.figures.checking import faults
from initscale.files.parts import files_of
from initscale.provenance.clone import check_clone
from initscale.records.code import training_code
from initscale.report import committed
from initscale.repository import CONFIG_FOLDER, PAGE

TEXTS = ("scale", "results", "source")
"""Keys whose value is a text as it is given, whatever it looks like."""


def workflow_config(given: Mapping) -> Loaded:
    """The checked configuration.

    Parameters
    ----------
    given : Snakemake's ``config``. The Snakefile has no ``configfile:``, so it holds what the command line says.

    Raises
    ------
    ConfigError
    """
    layer = {key: str(value) if key in TEXTS else parse_texts(value, (key,)) for key, value in given.items()}
    return load(layer, CONFIG_FOLDER / "config.yaml")


def check_place(workflow_folder: str, config_files: Iterable[str]) -> None:
    """Refuse the code of another clone, and this project's own configuration files where they do not belong.

    Parameters
    ----------
    workflow_folder : where the Snakefile lies.
    config_files : what was given with `--configfile`.

    Raises
    ------
    ConfigError
    """
    check_clone(Path(workflow_folder))
    for path in map(Path, config_files):
        if path.resolve().is_relative_to(CONFIG_FOLDER):
            scale = path.stem if path.parent.name == "scales" else "NAME"
            raise ConfigError(
                f"`--configfile {path}` would put a file of this project over the chosen scale",
                where="the command line",
                hint=f"`--config scale={scale}` chooses a scale",
            )


def faults_of(loaded: Loaded) -> dict[str, ConfigError]:
    """Figures that cannot be made of what their studies have, each with the reason."""
    return faults(loaded.config, (name for name in loaded.config["figures"] if name != "style"), loaded.describe)


def figures_of(config: dict, left_out: Collection[str] = ()) -> list[str]:
    """Figures that the workflow makes: all, or with ``source: reference`` those whose table is committed.

    In the paper's order, those beyond the paper behind. Those without a committed table are named on the terminal.

    Parameters
    ----------
    config : the checked configuration.
    left_out : figures that cannot be made, see ``faults_of``.
    """
    names = sorted((name for name in config["figures"] if name != "style" and name not in left_out), key=figure_order)
    if config["source"] == "runs":
        return names
    layout = Layout(config)
    found = [name for name in names if files_of(layout.table(name))]
    missing = ", ".join(name for name in names if name not in found and not name.startswith("curves_"))
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


def everything(config: dict, target: str, pictures: Mapping[str, list[str]], left_out: Mapping[str, ConfigError]):
    """Input of a target such as ``all_figures``; a function, so that what is left out is told only if it is asked for.

    Parameters
    ----------
    config : the checked configuration.
    target : its name.
    pictures : figure -> its pictures.
    left_out : figures that cannot be made, with the reason.

    Raises
    ------
    ConfigError (the function) if figures are left out and none remains.
    """
    layout = Layout(config)

    def inputs(_: Mapping) -> list[str]:
        missing = {name: error for name, error in left_out.items() if target_of(config, name) == target}
        print("".join(f"Left out: {name}: {error}\n" for name, error in missing.items()), file=sys.stderr, end="")
        figures = [name for name in pictures if target_of(config, name) == target]
        if missing and not figures:
            raise next(iter(missing.values()))
        return [path for name in figures for path in (*pictures[name], layout.sidecar(name))]

    return inputs


def datasets_by_task(config: dict) -> dict[str, list[str]]:
    """Task -> the data sets that it makes."""
    found: dict[str, list[str]] = {}
    for dataset, spec in config["datasets"].items():
        found.setdefault(spec["task"], []).append(dataset)
    return found


def training_code_of(config: dict, study: str) -> str:
    """Identity of the code of a study's runs, which chose the same files all."""
    return training_code(run_facts(config, study, next(study_points(config["studies"][study]))))


def target_of(config: dict, figure: str) -> str:
    """The target that makes a figure; ``by_name`` for one that is made when it is asked for."""
    return config["figures"][figure].get("target", "all_figures")


def reported_figures(config: dict, layout: Layout, figures: list[str]) -> list[str]:
    """Figures that scorecard and report are made of: those of `all_figures`, others where their table exists."""
    return [
        figure for figure in figures if target_of(config, figure) == "all_figures" or files_of(layout.table(figure))
    ]


def committed_inputs(config: dict) -> list[str]:
    """Files of the repository that the report shows beside its own results."""
    return committed.committed_inputs(config)


def lazily(function: Callable, *arguments) -> Callable[[Mapping], object]:
    """A parameter that is computed only for the jobs that are run: every job reads all rules."""
    return lambda wildcards: function(*arguments)


def probe_facts(config: dict, study: str) -> Callable[[Mapping], dict]:
    """Function of the wildcards that gives the facts of one run."""
    return lambda wildcards: run_facts(config, study, find_point(config["studies"][study], dict(wildcards.items())))


def refuse_to_replace(config: dict, replaced: Mapping[str, str]) -> None:
    """Raise ``OutputError`` if finished runs of other settings would be replaced without an explicit yes.

    Parameters
    ----------
    replaced : run.json of each such run -> the first difference of its settings.
    """
    if replaced and not config["overwrite"]:
        raise OutputError(
            replaced_words(replaced),
            hint="`--config overwrite=yes` replaces them, `--config results=OTHER_FOLDER` keeps them",
        )


def replaced_words(replaced: Mapping[str, str]) -> str:
    """How many finished runs of other settings would be replaced, with an example."""
    path, difference = next(iter(replaced.items()))
    count = f"{len(replaced)} finished run{'s' if len(replaced) > 1 else ''}"
    return f"{count} of other settings would be replaced, {os.path.dirname(path)} among them ({difference})"


def facts_of(config: dict, study: str) -> Callable[[Mapping], list[dict]]:
    """Function of the wildcards that gives the facts of one run, as a list of one."""
    return lambda wildcards: [run_facts(config, study, find_point(config["studies"][study], dict(wildcards.items())))]


def bundle_files(layout: Layout, study: str, points: list[Point]) -> dict[str, list[str]]:
    """Outputs of a job that trains several runs, by name, in the order of ``points``."""
    folders = [layout.run_folder(study, point) for point in points]
    return {name: [f"{folder}/{file}" for folder in folders] for name, file in RUN_FILES.items()}


def judged_figures(config: dict) -> list[str]:
    """Figures whose tables claims are judged on."""
    names = [name for claims in (load_claims(), load_companion_claims()) for name in table_names(config, claims)]
    return list(dict.fromkeys(names))


def roles_of(config: dict) -> dict[str, dict]:
    """What the claims call the roles of each study, and what they read from its model."""
    return {study: selection.roles_of(config, study) for study in config["studies"]}


def page_files() -> list[str]:
    """Template, style and script of the report."""
    return sorted(os.path.relpath(path) for path in PAGE.iterdir() if path.is_file())
