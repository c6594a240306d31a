"""What has to be made again: the inputs of every rule, with Snakemake told by flags what the records say.

Inputs of a current result are ``ancient``: whatever their times, they are no reason to make it again. A stale result
has one more input, a marker that is always newer. So the workflow's decisions are those of
``initscale.inspection.currency`` and need no memory of an engine.

An input of a current result that was deleted is not named at all: else the job that makes it for somebody else would
make Snakemake repeat this one.
"""

from __future__ import annotations

import functools
import time
import uuid
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path

from initscale.experiment.grid import Point, needed_studies, start_of, study_points
from initscale.experiment.paths import HEAVY, RUN_FILES, Layout, find_point
from initscale.figures import table_files
from initscale.inspection.currency import SETTINGS, Currency, State
from initscale.stages.aggregate import input_files, named_inputs

_HEAVY = tuple(RUN_FILES[name] for name in HEAVY)
Inputs = Callable[[Mapping[str, str]], dict]


class Plan:
    """Inputs of the rules of one scale.

    Parameters
    ----------
    config : the checked configuration.
    ancient : Snakemake's function of that name.
    local : Snakemake's function of that name, for files that no storage provider has.
    active : whether this process decides what is run; in the process of a job nothing has to be decided.
    """

    def __init__(self, config: dict, ancient: Callable, local: Callable, *, active: bool):
        self.config, self.layout = config, Layout(config)
        self.ancient, self.local, self.active = ancient, local, active
        self.currency = Currency(config)
        self.of_other_settings: dict[str, str] = {}
        """run.json of each looked-at run that was made with other settings -> the first difference."""
        self._markers: set[str] = set()

    def data(self, task: str) -> Inputs:
        """Of a data set: nothing but the marker."""
        return lambda wildcards: self._flagged({}, lambda: [self.currency.data(wildcards["dataset"])])

    def run(self, study: str) -> Inputs:
        """Of a training: the study's data, and the weights that it starts from."""
        return lambda wildcards: self._runs(study, [self._point(study, wildcards)])

    def bundle(self, study: str, points: list[Point]) -> Inputs:
        """Of a job that trains several runs."""
        return lambda wildcards: self._runs(study, points)

    def _runs(self, study: str, points: list[Point]) -> dict:
        files = self.layout.data_files(self.config["studies"][study]["dataset"])
        init_from = [path for point in points for path in self.layout.init_from(study, point)]
        needed = functools.partial(self._weights_are_missed, study, points)
        return self._flagged(files | {"init_from": init_from}, lambda: self._run_states(study, points), needed)

    def _weights_are_missed(self, study: str, points: list[Point]) -> bool:
        """Whether a current run has to train again, because its weights were deleted and something asks for them."""
        folders = {self.layout.run_folder(study, point): point for point in points}
        missed = [point for folder, point in folders.items() if not all(Path(folder, name).exists() for name in _HEAVY)]
        started = [
            (name, point)
            for name, section in self.config["studies"].items()
            for point in (study_points(section) if "init_from" in section else ())
            if (start := start_of(self.config, section, point)) and start[0] == study and start[1] in missed
        ]
        probed = missed if self.config["studies"][study]["probes"] else []
        states = [self.currency.probes(study, point) for point in probed]
        return not all(state.is_current for state in states + [self.currency.run(*run) for run in started])

    def _run_states(self, study: str, points: list[Point]) -> list[State]:
        states = [self.currency.run(study, point) for point in points]
        for point, state in zip(points, states, strict=True):
            if state.kind == SETTINGS:
                self.of_other_settings[f"{self.layout.run_folder(study, point)}/run.json"] = state.reason
        return states

    def probes(self, study: str) -> Inputs:
        """Of the measurements of a run: its files and the study's data."""
        data = self.layout.data_files(self.config["studies"][study]["dataset"])

        def inputs(wildcards: Mapping[str, str]) -> dict:
            point = self._point(study, wildcards)
            folder = self.layout.run_folder(study, point)
            run = {name: f"{folder}/{file}" for name, file in RUN_FILES.items()}
            return self._flagged(data | run, lambda: [self.currency.probes(study, point)])

        return inputs

    def system(self, name: str) -> Inputs:
        """Of a small system: nothing but the marker."""
        return lambda wildcards: self._flagged({}, lambda: [self.currency.system(name)])

    def table(self, figure: str) -> Inputs:
        """Of a figure's table."""
        # loaded only where it is needed: every job reads all rules, and some tables import torch
        return lambda wildcards: self._flagged(named_inputs(self.config, figure), lambda: [self._table_state(figure)])

    def drawing(self, figure: str, pictures: list[str]) -> Inputs:
        """Of a figure: its table."""
        files: dict[str, str | list[str]] = {"table": table_files(self.layout, figure)}
        if not self.layout.from_reference:
            files["lineage"] = self.layout.lineage(figure)
        return lambda wildcards: self._flagged(files, lambda: [self._drawing_state(figure, pictures)])

    def scorecard(self, figures: list[str], claim_files: list[str]) -> Inputs:
        """Of the verdicts: tables and claims."""
        tables = [path for figure in figures for path in table_files(self.layout, figure)]

        def states() -> list[State]:
            return [self.currency.scorecard([*tables, *claim_files], self._table_states(figures))]

        return lambda wildcards: self._flagged({"tables": tables}, states)

    def report(self, inputs: Mapping[str, list[str]], figures: list[str], pictures: Mapping[str, list[str]]) -> Inputs:
        """Of the report: scorecard, tables and pictures.

        Parameters
        ----------
        inputs : its files by name.
        figures : what it shows.
        pictures : figure -> its pictures.
        """

        def states() -> list[State]:
            upstream = [self._drawing_state(figure, pictures[figure]) for figure in figures]
            return [self.currency.report([file for some in inputs.values() for file in some], upstream)]

        return lambda wildcards: self._flagged(inputs, states)

    def _table_states(self, figures: Iterable[str]) -> list[State]:
        return [] if self.layout.from_reference else [self._table_state(figure) for figure in figures]

    def _table_state(self, figure: str) -> State:
        return self.currency.table(figure, input_files(self.config, figure), self._upstream(figure))

    def _upstream(self, figure: str) -> list[State]:
        """States of everything that a table may be made of."""
        options, states = self.config["figures"][figure], []
        if "dataset" in options:
            states.append(self.currency.data(options["dataset"]))
        for study in needed_studies(self.config, figure):
            section = self.config["studies"][study]
            states.append(self.currency.data(section["dataset"]))
            for point in study_points(section):
                states.append(self.currency.run(study, point))
                if section["probes"] and self._reads_probes(figure):
                    states.append(self.currency.probes(study, point))
        return states + [self.currency.system(name) for name in self._systems(figure)]

    def _systems(self, figure: str) -> list[str]:
        files = input_files(self.config, figure)
        return [name for name in self.config["systems"] if self.layout.system(name) in files]

    def _reads_probes(self, figure: str) -> bool:
        return any(file.startswith(f"{self.layout.root}/probes/") for file in input_files(self.config, figure))

    def _drawing_state(self, figure: str, pictures: list[str]) -> State:
        return self.currency.drawing(figure, pictures, self._table_states([figure]))

    def _point(self, study: str, wildcards: Mapping[str, str]) -> Point:
        return find_point(self.config["studies"][study], dict(wildcards.items()))

    def _flagged(
        self,
        files: Mapping[str, str | list[str]],
        states: Callable[[], list[State]],
        needs_all: Callable[[], bool] = lambda: False,
    ) -> dict:
        if not self.active:
            return dict(files)
        judged = states()
        stale = next((state for state in judged if state.is_stale), None)
        if stale is not None:
            return {**files, "stale": self.local(self._marker(stale.kind))}
        if all(state.is_current for state in judged):
            there = files if needs_all() else {name: _existing(value) for name, value in files.items()}
            return {name: self._ancient(value) for name, value in there.items() if value}
        return dict(files)

    def _ancient(self, value: str | list[str]):
        return self.ancient(value) if isinstance(value, str) else [self.ancient(path) for path in value]

    def _marker(self, kind: str) -> str:
        """A file that is newer than every result and new each time; Snakemake gives its name as the reason."""
        path = Path(self.layout.root) / ".stale" / kind
        if kind not in self._markers:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(f"{time.time()} {uuid.uuid4()}\n", encoding="utf-8")
            self._markers.add(kind)
        return str(path)


def _existing(value: str | list[str]) -> str | list[str]:
    if isinstance(value, str):
        return value if Path(value).exists() else ""
    return [path for path in value if Path(path).exists()]
