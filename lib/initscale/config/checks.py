"""Rules that relate several config keys to each other, checked before anything runs."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping

from initscale.errors import ConfigError
from initscale.experiment.durations import parse_time, steps_per_epoch
from initscale.experiment.grid import evaluation_of, run_facts, study_points
from initscale.experiment.paths import format_value
from initscale.files.schema import nearest
from initscale.probes.checking import check_probes
from initscale.tasks import load_task

Describe = Callable[..., str]
_MOST_STEPS = 10**9
"""A year at 30 steps a second; learning rates of all steps are in memory."""


def check_consistency(config: dict, describe: Describe) -> None:
    """Raise ``ConfigError`` for the first combination of values that cannot work.

    Whether a figure can be made of its studies is checked when it is asked for (``initscale.figures.checking``).

    Parameters
    ----------
    config : a configuration that fits the schema.
    describe : turns a key path into "config key `a.b` (set in FILE)".
    """
    for name, spec in config["datasets"].items():
        load_task(spec["task"]).check_spec(spec, lambda *p, name=name: describe("datasets", name, *p))
    for name, study in config["studies"].items():
        check_study(config, name, study, describe)
    for figure, options in config["figures"].items():
        for key, section in (("dataset", "datasets"), ("study", "studies")):
            if key in options:
                _check_reference(config, section, options[key], describe("figures", figure, key))
        for study in options.get("studies", []):
            _check_reference(config, "studies", study, describe("figures", figure, "studies"))
        if "growth" in options:
            _check_reference(config, "studies", options["growth"], describe("figures", figure, "growth"))
    _check_mirror(config, describe)


def _check_reference(config: dict, section: str, name: str, where: str) -> None:
    if name not in config[section]:
        known = sorted(config[section])
        message = f"`{name}` is not a key of `{section}` (known: {', '.join(known)})"
        raise ConfigError(message, where=where, hint=nearest(name, known))


def check_overridden(config: dict, given: Mapping, describe: Describe) -> None:
    """Raise ``ConfigError`` for a key of the command line that no run would see, because grids set it.

    Parameters
    ----------
    config : a configuration that fits the schema.
    given : the layer of the command line.
    describe : see ``check_consistency``.
    """
    for name, model in (given.get("models") or {}).items():
        for path in (("depth",), ("init", "gamma")):
            section = model.get(path[0]) if len(path) > 1 and isinstance(model, Mapping) else model
            if isinstance(section, Mapping) and path[-1] in section:
                _refuse_overridden(config, "model", name, path[-1], describe("models", name, *path))
    for name, recipe in (given.get("training") or {}).items():
        if isinstance(recipe, Mapping) and "weight_decay" in recipe:
            _refuse_overridden(config, "training", name, "weight_decay", describe("training", name, "weight_decay"))


def _refuse_overridden(config: dict, kind: str, name: str, axis: str, where: str) -> None:
    studies = {study: section for study, section in config["studies"].items() if section[kind] == name}
    if studies and all(axis in section["grid"] for section in studies.values()):
        study = next(iter(studies))
        raise ConfigError(
            f"has no effect, because the grid of every study with it sets {axis}",
            where=where,
            hint=f"`--set 'studies.{study}.grid.{axis}=[...]'` (with Snakemake: `--config 'studies={{{study}: {{grid: "
            f"{{{axis}: [...]}}}}}}'`) sets the values of a grid",
        )


def _check_mirror(config: dict, describe: Describe) -> None:
    mirror = config["execution"]["mirror"]
    if mirror is not None and not os.path.isdir(mirror):
        raise ConfigError(
            f"there is no folder `{mirror}`",
            where=describe("execution", "mirror"),
            hint="name a folder that has the files, or leave the key away: they are downloaded then",
        )


def check_study(config: dict, name: str, study: dict, describe: Describe) -> None:
    for key, section in (("dataset", "datasets"), ("model", "models"), ("training", "training")):
        _check_reference(config, section, study[key], describe("studies", name, key))
    for probe in study["probes"]:
        _check_reference(config, "probes", probe, describe("studies", name, "probes"))
    dataset, model = config["datasets"][study["dataset"]], config["models"][study["model"]]
    task = load_task(dataset["task"])
    if model.get("tied") and task.TRAINER != "sequence_trainer":
        raise ConfigError(
            f"the task `{dataset['task']}` has an engine of its own, which knows no tied output",
            where=describe("models", study["model"], "tied"),
        )
    if model.get("tied") and model["init"].get("draws") == "published":
        raise ConfigError(
            "the published order of draws is known for a model with its own output weight only",
            where=describe("models", study["model"], "init", "draws"),
            hint="leave out `draws`, or set `tied: false`",
        )
    if model["max_positions"] < task.sequence_length(dataset):
        raise ConfigError(
            f"{model['max_positions']} positions cannot hold sequences of {task.sequence_length(dataset)} tokens",
            where=describe("models", study["model"], "max_positions"),
        )
    if model["vocabulary"] < task.vocabulary_size(dataset):
        raise ConfigError(
            f"a vocabulary of {model['vocabulary']} has no room for the tokens and labels of `{study['dataset']}`, "
            f"which need {task.vocabulary_size(dataset)}",
            where=describe("models", study["model"], "vocabulary"),
        )
    check_probes(config, name, describe)
    _check_grid(name, study, describe)
    _check_start(config, name, study, describe)
    _check_sizes(name, study, dataset, describe)
    if hasattr(task, "check_seeds"):
        seeds = {point["seed"] for point in study_points(study)}
        task.check_seeds(dataset, seeds, describe("studies", name, "grid", "seed"))
    for rows in sorted({point.get("size", task.training_rows(dataset)) for point in study_points(study)}):
        _check_recipe(config, name, study, rows, describe)


def _check_start(config: dict, name: str, study: dict, describe: Describe) -> None:
    """A study that continues from another needs, for each of its seeds, one run of the same shape there."""
    if "init_from" not in study:
        return
    source, where = study["init_from"]["study"], describe("studies", name, "init_from", "study")
    _check_reference(config, "studies", source, where)
    other = config["studies"][source]
    if "init_from" in other:
        raise ConfigError(f"`{source}` itself continues from another study", where=where)
    seeds = [point["seed"] for point in study_points(other)]
    for point in study_points(study):
        if seeds.count(point["seed"]) != 1:
            raise ConfigError(
                f"`{source}` has {seeds.count(point['seed'])} runs of seed {point['seed']}, one is needed", where=where
            )
    shapes = [
        {key: value for key, value in run_facts(config, some, point)["model"].items() if key != "init"}
        for some in (name, source)
        for point in study_points(config["studies"][some])
    ]
    different = next((shape for shape in shapes if shape != shapes[0]), None)
    if different:
        key = next(key for key in shapes[0] if shapes[0][key] != different.get(key))
        raise ConfigError(f"the models of `{name}` and `{source}` differ in {key}", where=where)


def _check_sizes(name: str, study: dict, dataset: dict, describe: Describe) -> None:
    task, where = load_task(dataset["task"]), describe("studies", name, "grid", "size")
    sizes = {point["size"] for point in study_points(study) if "size" in point}
    rows, kept = task.training_rows(dataset), task.special_rows(dataset) if hasattr(task, "special_rows") else 1
    for size in sizes:
        if size > rows:
            raise ConfigError(f"{size} is more than the {rows} training sequences of `{study['dataset']}`", where=where)
        if size < kept:
            raise ConfigError(
                f"{size} is less than the {kept} special rows of `{study['dataset']}`, which every subset keeps",
                where=where,
            )
    if sizes and len(dataset.get("domains", [])) > 1:
        raise ConfigError(
            f"a part of `{study['dataset']}` would be taken from its first domain, {dataset['domains'][0]}, alone",
            where=where,
            hint="give each domain a data set and a study of its own",
        )


def _check_recipe(config: dict, name: str, study: dict, rows: int, describe: Describe) -> None:
    recipe, path = config["training"][study["training"]], ("training", study["training"])
    if recipe["batch"] > rows:
        raise ConfigError(
            f"a batch of {recipe['batch']} is larger than the training data ({rows} sequences)",
            where=describe(*path, "batch"),
        )
    per_epoch = steps_per_epoch(rows, recipe["batch"])
    duration, warmup = (parse_time(recipe[key], per_epoch) for key in ("duration", "warmup"))
    if duration > _MOST_STEPS:
        raise ConfigError(
            f"`{recipe['duration']}` is {duration:.0e} steps, and {_MOST_STEPS:.0e} is the most",
            where=describe(*path, "duration"),
        )
    if duration < 1:
        raise ConfigError(f"`{recipe['duration']}` is less than one step", where=describe(*path, "duration"))
    if warmup > duration:
        raise ConfigError(
            f"a warm-up of {warmup} steps is longer than the training ({duration} steps)",
            where=describe(*path, "warmup"),
        )
    if parse_time(evaluation_of(config, study)["every"], per_epoch) < 1:
        own = ("studies", name) if "every" in study.get("evaluation", {}) else ()
        raise ConfigError("is less than one step", where=describe(*own, "evaluation", "every"))


def _check_grid(name: str, study: dict, describe: Describe) -> None:
    for number, change in enumerate(study.get("more", [])):
        for axis in change:
            if axis not in study["grid"]:
                raise ConfigError(
                    f"the axis `{axis}` is not in the main grid (axes: {', '.join(study['grid'])})",
                    where=describe("studies", name, "more", number, axis),
                )
    for point in study_points(study):
        for axis, value in point.items():
            if float(format_value(axis, value)) != value:
                raise ConfigError(
                    f"{axis} {value} cannot be told from {format_value(axis, value)} in a folder name",
                    where=describe("studies", name, "grid", axis),
                    hint="gamma is written with two decimals, weight decay and learning rate with three digits",
                )
