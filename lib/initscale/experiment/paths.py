"""Where everything lies below the results folder; floats in file names are formatted here and nowhere else.

<results>/<scale>/data/<dataset>/seed~<k>/<split>.parquet, dataset.json (splits: those of the task)
<results>/<scale>/runs/<study>/<point>/{weights,snapshots}.safetensors, history.parquet, run.json
<results>/<scale>/probes/<study>/<point>/<probe>.parquet
<results>/<scale>/systems/<system>.parquet
<results>/<scale>/tables/<figure>.parquet, or <figure>/<part>.parquet where it has several kinds of rows
<results>/<scale>/figures/<figure>.{pdf,png}
<results>/<scale>/scorecard.{parquet,csv,md}, report.html
<results>/<scale>/{logs,benchmarks}/...

With ``source: reference`` tables come from results/reference/<scale>/ of the repository, and everything that is made of
them goes to <results>/<scale>/reference/, beside what your own runs made.
"""

from __future__ import annotations

import os
import re
from pathlib import Path

from initscale.errors import ConfigError
from initscale.experiment.grid import AXES, Point, bundles, start_of, study_points
from initscale.repository import REFERENCE
from initscale.tasks import load_task

_FORMATS = {
    "gamma": "{:.2f}",
    "weight_decay": "{:.3g}",
    "lr": "{:.2e}",
    "depth": "{:d}",
    "size": "{:d}",
    "seed": "{:d}",
}

RUN_FILES = {
    "weights": "weights.safetensors",
    "snapshots": "snapshots.safetensors",
    "history": "history.parquet",
    "record": "run.json",
}
HEAVY = ("weights", "snapshots")
"""Files of a run that tables do not read; the others are small."""
PROBE_RECORD = "measured.json"


def format_value(axis: str, value: float | int) -> str:
    """Text of an axis value in a folder name: ``gamma~0.50``, ``lr~2.50e-04``, ``depth~2``."""
    return _FORMATS[axis].format(value)


def point_key(point: Point) -> str:
    """Folder name of a run, such as ``gamma~0.50_depth~2_lr~2.50e-04_seed~0``."""
    return "_".join(f"{axis}~{format_value(axis, point[axis])}" for axis in AXES if axis in point)


def point_pattern(study: dict) -> str:
    """The same name with wildcards: ``gamma~{gamma}_depth~{depth}_seed~{seed}``."""
    return "_".join(f"{axis}~{{{axis}}}" for axis in AXES if axis in study["grid"])


def wildcard_constraints(studies: list[dict]) -> dict[str, str]:
    """For each axis, a regular expression that matches exactly the configured values."""
    values: dict[str, dict[str, None]] = {}
    for study in studies:
        for point in study_points(study):
            for axis, value in point.items():
                values.setdefault(axis, {})[format_value(axis, value)] = None
    return {axis: "|".join(re.escape(text) for text in texts) for axis, texts in values.items()}


def find_point(study: dict, texts: dict[str, str]) -> Point:
    """The grid point whose formatted values are ``texts`` (wildcards are texts)."""
    for point in study_points(study):
        if all(format_value(axis, value) == texts[axis] for axis, value in point.items()):
            return point
    raise ConfigError(f"no run with {texts} in this study's grid")


class Layout:
    """Paths of one scale; all are plain strings, as Snakemake wants them.

    Parameters
    ----------
    config : the loaded configuration (``results``, ``scale`` and ``source`` are read).
    root : folder of the scale's results, if it is another one.
    """

    def __init__(self, config: dict, root: str | Path | None = None):
        self.config = config
        self.from_reference = config["source"] == "reference"
        usual = f"{config['results']}/{config['scale']}{'/reference' if self.from_reference else ''}"
        self.root = usual if root is None else str(root)

    def data_folder(self, dataset: str) -> str:
        return f"{self.root}/data/{dataset}/seed~{self.config['datasets'][dataset]['seed']}"

    def data_files(self, dataset: str) -> dict[str, str]:
        """Files of a data set by split, and its ``info``."""
        return self._data_files(self.data_folder(dataset), self.config["datasets"][dataset]["task"])

    def data_pattern(self, task: str) -> dict[str, str]:
        """The same for every data set of a task, with the wildcards ``dataset`` and ``data_seed``."""
        return self._data_files(f"{self.root}/data/{{dataset}}/seed~{{data_seed}}", task)

    @staticmethod
    def _data_files(folder: str, task: str) -> dict[str, str]:
        splits = {split: f"{folder}/{split}.parquet" for split in load_task(task).SPLITS}
        return splits | {"info": f"{folder}/dataset.json"}

    def run_folder(self, study: str, point: Point) -> str:
        return f"{self.root}/runs/{study}/{point_key(point)}"

    def init_from(self, study: str, point: Point) -> list[str]:
        """Weights that a run starts from, if it does not start from scratch."""
        start = start_of(self.config, self.config["studies"][study], point)
        return [f"{self.run_folder(*start)}/{RUN_FILES['weights']}"] if start else []

    def run_pattern(self, study: str) -> str:
        return f"{self.root}/runs/{study}/{self.point_pattern(study)}"

    def point_pattern(self, study: str) -> str:
        return point_pattern(self.config["studies"][study])

    def run_files(self, study: str) -> dict[str, str]:
        """Outputs of a training by name, with wildcards."""
        return {name: f"{self.run_pattern(study)}/{file}" for name, file in RUN_FILES.items()}

    def probe_folder(self, study: str, point: Point) -> str:
        return f"{self.root}/probes/{study}/{point_key(point)}"

    def probe_file(self, study: str, point: Point, probe: str) -> str:
        return f"{self.probe_folder(study, point)}/{probe}.parquet"

    def probe_record(self, study: str, point: Point) -> str:
        """What the measurements of a run were made of."""
        return f"{self.probe_folder(study, point)}/{PROBE_RECORD}"

    def probe_files(self, study: str) -> dict[str, str]:
        """Outputs of the probes of a run by name, with wildcards."""
        folder = f"{self.root}/probes/{study}/{self.point_pattern(study)}"
        record = {"record": f"{folder}/{PROBE_RECORD}"}
        return record | {probe: f"{folder}/{probe}.parquet" for probe in self.config["studies"][study]["probes"]}

    def run_folders(self, study: str) -> list[str]:
        return [self.run_folder(study, point) for point in study_points(self.config["studies"][study])]

    def system(self, system: str) -> str:
        """Table of a small system."""
        return f"{self.root}/systems/{system}.parquet"

    def system_record(self, system: str) -> str:
        """What the table of a small system was made of."""
        return f"{self.root}/systems/{system}.json"

    def table(self, figure: str) -> str:
        if self.from_reference:
            return os.path.relpath(REFERENCE / self.config["scale"] / f"{figure}.parquet")
        return f"{self.root}/tables/{figure}.parquet"

    def lineage(self, figure: str) -> str:
        """What a table was made of."""
        return f"{self.root}/tables/{figure}.json"

    def figure(self, figure: str, suffix: str = "pdf") -> str:
        return f"{self.root}/figures/{figure}.{suffix}"

    def sidecar(self, figure: str) -> str:
        """Where the pictures of a figure come from."""
        return f"{self.root}/figures/{figure}.json"

    def scorecard(self, suffix: str) -> str:
        return f"{self.root}/scorecard.{suffix}"

    def report(self) -> str:
        return f"{self.root}/report.html"

    def report_record(self) -> str:
        """What the report was made of."""
        return f"{self.root}/report.json"

    def log(self, name: str) -> str:
        return f"{self.root}/logs/{name}.log"

    def benchmark(self, name: str) -> str:
        return f"{self.root}/benchmarks/{name}.tsv"


def failed_file(log: Path) -> Path:
    """Where the messages of a job's attempts are kept, if the last one failed."""
    return log.with_name(f"{log.name}.failed")


def run_log(config: dict, study: str, point: Point) -> str:
    """Name of a run's log and benchmark: its own, or that of the bundle that trained it."""
    section = config["studies"][study]
    if section["bundle"] == 1:
        return point_key(point)
    return next(f"bundle_{name}" for name, points in bundles(section).items() if point in points)


def select_points(study: dict, conditions: list[str]) -> list[Point]:
    """Grid points that fulfil all conditions ``axis=value`` or ``axis=value,value``.

    Raises
    ------
    ConfigError for an unknown axis or a value that no grid point has.
    """
    everything = points = list(study_points(study))
    for condition in conditions:
        axis, _, values = condition.partition("=")
        if axis not in points[0]:
            raise ConfigError(f"`{axis}` is not an axis of this study (axes: {', '.join(points[0])})", where=condition)
        known = sorted({point[axis] for point in everything})
        wanted = [_as_number(value, condition) for value in values.split(",")]
        unknown = [value for value in wanted if value not in known]
        if unknown:
            raise ConfigError(f"no run has {axis} {unknown[0]} (the grid has {known})", where=condition)
        points = [point for point in points if point[axis] in wanted]
    if not points:
        raise ConfigError("no run fulfils all conditions", where=" ".join(conditions))
    return points


def _as_number(text: str, where: str) -> float:
    try:
        return float(text)
    except ValueError:
        raise ConfigError(f"`{text}` is not a number", where=where) from None
