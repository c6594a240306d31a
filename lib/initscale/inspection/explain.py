"""From a picture to its table, runs, settings, commits and logs in one step, with what is stale or dirty."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from initscale.errors import InputError
from initscale.experiment.grid import Point, needed_studies, run_facts, study_points
from initscale.experiment.paths import point_key, run_log
from initscale.figures import stems, table_files
from initscale.figures.checking import check_figure
from initscale.files.storage import read_json
from initscale.inspection.currency import CODE, FILES, INPUTS, MISSING, SETTINGS, Currency, State
from initscale.provenance.definitions import changed
from initscale.records.code import code_definitions, code_hash, data_roots, drawing_roots, table_roots
from initscale.records.lineage import drawing_settings, relative, settings_hash, table_settings
from initscale.training.choices import training_roots

Findings = tuple[list[str], list[str]]
"""Lines for the reader, and flags that start with ``stale`` or ``dirty``."""
_NAMED = 4
_WORDS = {
    SETTINGS: "was made with other settings: ",
    INPUTS: "was made of other inputs: ",
    FILES: "is damaged: ",
    MISSING: "lacks a file",
}


def explain(config: dict, name: str) -> Findings:
    """The chain of a figure (or of one of its pictures, such as fig2_best).

    Raises
    ------
    InputError if the figure is not known or was not drawn.
    """
    figure, currency = _figure_of(config, name), Currency(config)
    check_figure(config, figure)
    sidecar = read_json(currency.layout.sidecar(figure))
    parts = [_drawing(currency, figure, sidecar), _table(currency, figure, sidecar)]
    if not currency.layout.from_reference:
        parts += [_runs(currency, study) for study in needed_studies(config, figure)]
        parts += [_data(currency, dataset) for dataset in _datasets(config, figure)]
    currency.hashes.save()
    lines, flags = ([line for part in parts for line in part[side]] for side in (0, 1))
    heading = f"{figure}, scale `{config['scale']}`, source: {config['source']}"
    ending = [f"! {flag}" for flag in flags] or ["nothing is stale, nothing was made by a dirty tree"]
    return [heading, *lines, *ending], flags


def _figure_of(config: dict, name: str) -> str:
    figures = [figure for figure in config["figures"] if figure != "style"]
    for figure in figures:
        if name in (figure, *stems(config, figure)):
            return figure
    raise InputError(f"`{name}` is not a figure (there are {', '.join(figures)})", where="the command line")


def _drawing(currency: Currency, figure: str, sidecar: dict) -> Findings:
    config, layout = currency.config, currency.layout
    folder = Path(layout.sidecar(figure)).parent
    flags = _changed_files(currency, "picture", {name: folder / name for name in sidecar["files"]}, sidecar["files"])
    flags += _changed_code(f"the code that draws {figure}", drawing_roots(figure), sidecar)
    if sidecar["settings"] != settings_hash(drawing_settings(config, figure)):
        flags.append(f"stale: config figures.{figure} or figures.style changed since it was drawn")
    flags += _dirty("the drawing", sidecar["git"])
    lines = [f"picture  {folder / name}  {digest[:12]}" for name, digest in sidecar["files"].items()]
    lines += [f"  drawn at {_commit(sidecar['git'])}", f"  options {sidecar['options']}"]
    return [*lines, f"  log {layout.log(f'figure/{figure}')}"], flags


def _table(currency: Currency, figure: str, sidecar: dict) -> Findings:
    layout, made = currency.layout, sidecar["table_made_of"]
    files = {relative(path, layout.root): path for path in table_files(layout, figure)}
    digests = {path: sidecar["inputs"].get(name, "") for name, path in files.items()}
    flags = _changed_files(currency, "table", {path: path for path in digests}, digests)
    lines = [f"table    {path}  {digest[:12]}" for path, digest in digests.items()]
    if made is None:
        words = "committed in the repository" if layout.from_reference else "no record of what it was made of"
        return [*lines, f"  {words}"], flags + (
            [] if layout.from_reference else [f"stale: {next(iter(digests))}: {words}"]
        )
    lines += [
        f"  made at {_commit(made['git'])} from {len(made['inputs'])} files",
        f"  log {layout.log(f'aggregate/{figure}')}",
    ]
    inputs = {name: Path(layout.root) / name for name in made["inputs"]}
    flags += _changed_files(currency, "input", inputs, made["inputs"])
    flags += _changed_code(f"the code that makes the table of {figure}", table_roots(figure), made)
    if made["settings"] != settings_hash(table_settings(currency.config, figure)):
        flags.append(f"stale: the settings of the table of {figure} changed since it was made")
    return lines, flags + _dirty("the table", made["git"])


def _datasets(config: dict, figure: str) -> list[str]:
    options = config["figures"][figure]
    names = [config["studies"][study]["dataset"] for study in needed_studies(config, figure)]
    return list(dict.fromkeys(names + ([options["dataset"]] if "dataset" in options else [])))


def _runs(currency: Currency, study: str) -> Findings:
    points = list(study_points(currency.config["studies"][study]))
    lines, flags = [f"runs     {len(points)} of the study `{study}`"], []
    for point in points:
        of_run = _run(currency, study, point)
        lines, flags = lines + of_run[0], flags + of_run[1]
    return lines, flags


def _run(currency: Currency, study: str, point: Point) -> Findings:
    layout, key, state = currency.layout, point_key(point), currency.run(study, point)
    path = f"{layout.run_folder(study, point)}/run.json"
    if not Path(path).exists():
        return [f"  {key}  missing"], [f"stale: {path} does not exist"]
    record = read_json(path)
    roots = training_roots(run_facts(currency.config, study, point))
    flags = _dirty(f"run {key}", record["git"]) + _stale(f"run {key}", state, roots, record)
    hashes = {"settings": record["facts_hash"], "data": record["data_hash"], "weights": record["weights_sha256"]}
    lines = [
        f"  {key}  {_commit(record['git'])}  {record['train_seconds']:.0f} s on {record['machine']['processor']}",
        "    " + "  ".join(f"{name} {value[:12]}" for name, value in hashes.items()) + f"  code {record['code'][:12]}",
        f"    log {layout.log(f'train/{study}/{run_log(currency.config, study, point)}')}",
    ]
    return lines, flags


def _stale(what: str, state: State, roots: list[str], record: dict) -> list[str]:
    if state.kind == CODE:
        return _changed_code(f"the code of {what}", roots, record)
    return [] if state.is_current else [f"stale: {what} {_WORDS[state.kind]}{state.reason}"]


def _data(currency: Currency, dataset: str) -> Findings:
    path = currency.layout.data_files(dataset)["info"]
    if not Path(path).exists():
        return [], [f"stale: {path} does not exist"]
    info = read_json(path)
    spec = currency.config["datasets"][dataset]
    roots = data_roots(spec["task"], spec)
    flags = _stale(f"data set {dataset}", currency.data(dataset), roots, info)
    return [f"data     {path}  content {info['content_hash'][:12]}"], flags


def _changed_files(currency: Currency, kind: str, paths: Mapping, hashes: Mapping[str, str]) -> list[str]:
    flags = []
    for name, path in paths.items():
        if not Path(path).exists():
            flags.append(f"stale: the {kind} {path} does not exist")
        elif currency.hashes.sha256(path) != hashes[name]:
            flags.append(f"stale: the {kind} {path} changed since")
    return flags


def _changed_code(what: str, roots: list[str], record: dict) -> list[str]:
    """Which definitions differ from those of a record, by name."""
    if record.get("code") == code_hash(roots):
        return []
    names = changed(record.get("definitions", {}), code_definitions(roots))
    more = f" and {len(names) - _NAMED} more" if len(names) > _NAMED else ""
    return [f"stale: {what} changed since: {', '.join(names[:_NAMED])}{more}"]


def _commit(git: dict) -> str:
    if git["commit"] is None:
        return "no git checkout"
    return f"commit {git['commit'][:12]}{' + uncommitted changes' if git['dirty'] else ''}"


def _dirty(what: str, git: dict) -> list[str]:
    if git["commit"] is None:
        reason = f" ({git['reason']})" if git.get("reason") else ""
        return [f"dirty: {what} was made outside a git checkout, its commit is unknown{reason}"]
    return [f"dirty: {what} was made with uncommitted changes on {git['commit'][:12]}"] if git["dirty"] else []
