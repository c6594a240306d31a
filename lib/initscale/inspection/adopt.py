"""Take over results from another clone, another machine, a cluster: what fits is copied, the rest is named.

``archive`` is the way back: a small copy of finished runs, without their weights.
"""

from __future__ import annotations

import contextlib
import os
import shutil
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

from initscale.errors import InputError
from initscale.experiment.grid import study_points
from initscale.experiment.paths import HEAVY, RUN_FILES, Layout, point_key, run_log
from initscale.files.storage import atomic_path, file_hash
from initscale.inspection.currency import Currency, State


@dataclass
class Adopted:
    """What came of it: names of results that were taken over, were here already, or were refused (with the reason)."""

    taken: list[str] = field(default_factory=list)
    here: list[str] = field(default_factory=list)
    refused: dict[str, str] = field(default_factory=dict)

    def lines(self) -> list[str]:
        """For the terminal."""
        lines = [f"taken over: {name}" for name in self.taken]
        lines += [f"refused:    {name}: {reason}" for name, reason in self.refused.items()]
        return [
            *lines,
            f"{len(self.taken)} taken over, {len(self.here)} current here already, {len(self.refused)} refused",
        ]


def adopt(config: dict, results: str | Path) -> Adopted:
    """Copy data sets, runs and measurements that are current there and not here.

    Parameters
    ----------
    config : the configuration, whose settings and code the results must have.
    results : a results folder, the folder of this scale in one, or what ``archive`` wrote.

    Raises
    ------
    InputError if the folder holds nothing of this scale.
    """
    return _transfer(config, Currency(config, _scale_folder(config, Path(results))), Currency(config))


def archive(config: dict, folder: str | Path, studies: Iterable[str] = ()) -> Adopted:
    """Copy what tables need of finished runs to ``folder``: records, histories and measurements.

    Weights, snapshots and generated data stay behind; a run takes some 70 kB. ``adopt`` takes the folder back. Then
    figures are made from it like from the runs themselves, and only what needs weights trains again.

    Parameters
    ----------
    folder : where to; what lies there already and is current stays.
    studies : only these; all if none is named.
    """
    here = Currency(config, folder)
    return _transfer(config, Currency(config), here, tuple(studies) or tuple(config["studies"]), light=True)


def _transfer(
    config: dict, there: Currency, here: Currency, studies: tuple[str, ...] = (), *, light: bool = False
) -> Adopted:
    moved = Adopted()
    for name, state_there, state_here, files in _results(config, there, here, studies or tuple(config["studies"])):
        if state_here.is_current:
            moved.here.append(name)
        elif state_there.is_current:
            for source, target in files.items():
                if os.path.exists(source) and not (light and _is_heavy(source)):
                    _copy(source, target)
            moved.taken.append(name)
        elif state_there.is_stale:
            moved.refused[name] = state_there.reason
    return moved


def _is_heavy(path: str) -> bool:
    return Path(path).name in {RUN_FILES[name] for name in HEAVY} or ("/data/" in path and path.endswith(".parquet"))


def _scale_folder(config: dict, results: Path) -> Path:
    for folder in (results / config["scale"], results):
        if (folder / "runs").is_dir() or (folder / "data").is_dir():
            if folder.resolve() == Path(Layout(config).root).resolve():
                raise InputError("is this configuration's own results folder", where=str(folder))
            return folder
    hint = "give a results folder, or its folder of this scale; `--scale` chooses another scale"
    raise InputError(f"holds no results of the scale `{config['scale']}`", where=str(results), hint=hint)


def _results(
    config: dict, there: Currency, here: Currency, studies: tuple[str, ...]
) -> Iterator[tuple[str, State, State, dict[str, str]]]:
    """Name, states and files (there -> here, the record last) of everything that can be copied, inputs first."""
    used = {config["studies"][study]["dataset"] for study in studies}
    for dataset in config["datasets"] if len(studies) == len(config["studies"]) else sorted(used):
        files = _pairs(there.layout.data_files(dataset), here.layout.data_files(dataset), "info")
        yield f"data/{dataset}", there.data(dataset), _fresh(here).data(dataset), files
    for study in sorted(studies, key=lambda name: "init_from" in config["studies"][name]):
        section = config["studies"][study]
        for point in study_points(section):
            name = f"{study}/{point_key(point)}"
            folders = there.layout.run_folder(study, point), here.layout.run_folder(study, point)
            runs = ({key: f"{folder}/{file}" for key, file in RUN_FILES.items()} for folder in folders)
            files = _logs(config, there.layout, here.layout, study, point) | _pairs(*runs, "record")
            yield f"runs/{name}", there.run(study, point), _fresh(here).run(study, point), files
            if section["probes"]:
                yield (
                    f"probes/{name}",
                    there.probes(study, point),
                    _fresh(here).probes(study, point),
                    _probe_files(config, there.layout, here.layout, study, point),
                )


def _fresh(currency: Currency) -> Currency:
    """The same view after files were copied: what was judged before may have changed."""
    return Currency(currency.config, currency.layout.root)


def _probe_files(config: dict, there: Layout, here: Layout, study: str, point) -> dict[str, str]:
    both = []
    for layout in (there, here):
        files = {probe: layout.probe_file(study, point, probe) for probe in config["studies"][study]["probes"]}
        both.append(files | {"record": layout.probe_record(study, point)})
    return _pairs(*both, "record")


def _logs(config: dict, there: Layout, here: Layout, study: str, point) -> dict[str, str]:
    name = f"train/{study}/{run_log(config, study, point)}"
    pairs = {there.log(name): here.log(name), there.benchmark(name): here.benchmark(name)}
    return {source: target for source, target in pairs.items() if os.path.exists(source)}


def _pairs(there: dict[str, str], here: dict[str, str], last: str) -> dict[str, str]:
    names = [*(name for name in there if name != last), last]
    return {there[name]: here[name] for name in names}


def _copy(source: str, target: str) -> None:
    """Copy one file, whole or not at all, and compare."""
    with atomic_path(target) as part:
        shutil.copyfile(source, part)
        with contextlib.suppress(OSError):
            shutil.copystat(source, part)
    if file_hash(source) != file_hash(target):
        raise InputError("changed while it was copied", where=source, hint="run the same command again")
