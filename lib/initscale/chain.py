"""From a picture to its table, runs, settings, commits and logs in one step, with what is stale or dirty."""

from __future__ import annotations

from pathlib import Path

from initscale.errors import InputError
from initscale.figures import stems
from initscale.grid import Point, bundles, facts_hash, needed_studies, run_facts, study_points
from initscale.lineage import code_hash
from initscale.paths import Layout, point_key
from initscale.storage import file_hash, read_json

Found = tuple[list[str], list[str]]
"""Lines for the reader, and flags that start with ``stale`` or ``dirty``."""


def explain(config: dict, name: str) -> Found:
    """The chain of a figure (or of one of its pictures, such as fig2_best).

    Raises
    ------
    InputError if the figure is not known or was not drawn.
    """
    figure = _figure_of(config, name)
    layout = Layout(config)
    sidecar = read_json(layout.sidecar(figure))
    parts = [_drawing(config, figure, sidecar), _table(config, figure, sidecar)]
    if not layout.from_reference:
        parts += [_runs(config, study) for study in needed_studies(config, figure)]
        parts += [_data(config, dataset) for dataset in _datasets(config, figure)]
    lines, flags = ([line for part in parts for line in part[side]] for side in (0, 1))
    heading = f"{figure}, scale `{config['scale']}`, source: {config['source']}"
    ending = [f"! {flag}" for flag in flags] or ["nothing is stale, nothing was made by a dirty tree"]
    return [heading, *lines, *ending], flags


def _figure_of(config: dict, name: str) -> str:
    for figure in config["figures"]:
        if figure != "style" and name in (figure, *stems(figure)):
            return figure
    known = ", ".join(figure for figure in config["figures"] if figure != "style")
    raise InputError(f"`{name}` is not a figure (known: {known})", where="the command line")


def _drawing(config: dict, figure: str, sidecar: dict) -> Found:
    flags = [flag for path, known in sidecar["pictures"].items() for flag in _changed("picture", path, known)]
    if sidecar["code"] != code_hash("figure", figure):
        flags.append(f"stale: the code that draws {figure} changed since")
    if sidecar["options"] != config["figures"][figure] or sidecar["style"] != config["figures"]["style"]:
        flags.append(f"stale: config figures.{figure} or figures.style changed since it was drawn")
    flags += _dirty("the drawing", sidecar["git"])
    lines = [f"picture  {path}  {known[:12]}" for path, known in sidecar["pictures"].items()]
    lines += [f"  drawn at {_commit(sidecar['git'])}", f"  options {sidecar['options']}"]
    return [*lines, f"  log {Layout(config).log(f'figure/{figure}')}"], flags


def _table(config: dict, figure: str, sidecar: dict) -> Found:
    layout, table = Layout(config), sidecar["table"]
    flags = _changed("table", table["path"], table["sha256"])
    lines = [f"table    {table['path']}  {table['sha256'][:12]}"]
    made = sidecar["table_made_of"]
    if made is None:
        words = "committed in the repository" if layout.from_reference else "no record of what it was made of"
        return [*lines, f"  {words}"], flags + ([] if layout.from_reference else [f"stale: {table['path']}: {words}"])
    lines += [
        f"  made at {_commit(made['git'])} from {len(made['inputs'])} files",
        f"  log {layout.log(f'aggregate/{figure}')}",
    ]
    flags += [flag for path, known in made["inputs"].items() for flag in _changed("input", path, known)]
    if made["code"] != code_hash("aggregate", figure):
        flags.append(f"stale: the code that makes the table of {figure} changed since")
    return lines, flags + _dirty("the table", made["git"])


def _datasets(config: dict, figure: str) -> list[str]:
    options = config["figures"][figure]
    found = [config["studies"][study]["dataset"] for study in needed_studies(config, figure)]
    return list(dict.fromkeys(found + ([options["dataset"]] if "dataset" in options else [])))


def _runs(config: dict, study: str) -> Found:
    points = list(study_points(config["studies"][study]))
    lines, flags = [f"runs     {len(points)} of the study `{study}`"], []
    for point in points:
        found = _run(config, study, point)
        lines, flags = lines + found[0], flags + found[1]
    return lines, flags


def _run(config: dict, study: str, point: Point) -> Found:
    layout, key = Layout(config), point_key(point)
    path = f"{layout.run_folder(study, point)}/run.json"
    if not Path(path).exists():
        return [f"  {key}  missing"], [f"stale: {path} does not exist"]
    record, wanted = read_json(path), facts_hash(run_facts(config, study, point))
    flags = _dirty(f"run {key}", record["git"])
    if record["facts_hash"] != wanted:
        flags.append(f"stale: run {key} was made with other settings ({record['facts_hash'][:12]}, now {wanted[:12]})")
    info = Path(f"{layout.data_folder(config['studies'][study]['dataset'])}/dataset.json")
    if info.exists() and read_json(info)["content_hash"] != record["data_hash"]:
        flags.append(f"stale: run {key} was trained on other data")
    hashes = {"settings": record["facts_hash"], "data": record["data_hash"], "weights": record["weights_sha256"]}
    lines = [
        f"  {key}  {_commit(record['git'])}  {record['train_seconds']:.0f} s on {record['machine']['processor']}",
        "    " + "  ".join(f"{name} {value[:12]}" for name, value in hashes.items()),
        f"    log {layout.log(f'train/{study}/{run_log(config, study, point)}')}",
    ]
    return lines, flags


def run_log(config: dict, study: str, point: Point) -> str:
    """Name of a run's log and benchmark: its own, or that of the bundle that trained it."""
    section = config["studies"][study]
    if section["bundle"] == 1:
        return point_key(point)
    return next(f"bundle_{name}" for name, points in bundles(section).items() if point in points)


def _data(config: dict, dataset: str) -> Found:
    path = f"{Layout(config).data_folder(dataset)}/dataset.json"
    if not Path(path).exists():
        return [], [f"stale: {path} does not exist"]
    info = read_json(path)
    flags = [] if info["spec"] == config["datasets"][dataset] else [f"stale: {path} is of other settings"]
    return [f"data     {path}  content {info['content_hash'][:12]}, {info['generator']}"], flags


def _changed(kind: str, path: str, known: str) -> list[str]:
    if not Path(path).exists():
        return [f"stale: the {kind} {path} does not exist"]
    return [] if file_hash(path) == known else [f"stale: the {kind} {path} changed since"]


def _commit(git: dict) -> str:
    if git["commit"] is None:
        return "no git checkout"
    return f"commit {git['commit'][:12]}{' + uncommitted changes' if git['dirty'] else ''}"


def _dirty(what: str, git: dict) -> list[str]:
    if git["commit"] is None:
        return [f"dirty: {what} was made outside a git checkout, its code is unknown"]
    return [f"dirty: {what} was made with uncommitted changes on {git['commit'][:12]}"] if git["dirty"] else []
