"""Which results are current, judged from the records beside them and from nothing else.

A result is current when its record says that it was made with today's settings, of today's inputs and by today's code,
and when its files are those of the record. So results stay current wherever they are copied, and whatever a workflow
engine remembers. A result whose inputs are not current is not current either.

Weights, snapshots and generated data may be deleted: what was made of them stays current, and they are made again when
something asks for them.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

from initscale.errors import InitscaleError
from initscale.experiment.grid import Point, facts_hash, run_facts, start_of
from initscale.experiment.paths import HEAVY, RUN_FILES, Layout, point_key
from initscale.figures import folder_of, table_files
from initscale.files.storage import read_json
from initscale.inspection.file_hashes import FileHashes
from initscale.records.code import (
    code_hash,
    data_roots,
    drawing_roots,
    probe_roots,
    report_roots,
    scorecard_roots,
    system_roots,
    table_roots,
    training_code,
)
from initscale.records.lineage import (
    drawing_settings,
    probe_settings,
    relative,
    scorecard_settings,
    settings_hash,
    table_settings,
)

CURRENT, MISSING, SETTINGS, INPUTS, CODE, FILES = "current", "missing", "settings", "inputs", "code", "files"


@dataclass(frozen=True)
class State:
    """State of one result.

    Attributes
    ----------
    kind : ``current``, ``missing``, or what makes it stale: other ``settings``, other ``inputs``, another ``code``,
        other ``files`` than its record speaks of.
    reason : the same for a reader.
    """

    kind: str
    reason: str = ""

    @property
    def is_current(self) -> bool:
        return self.kind == CURRENT

    @property
    def is_stale(self) -> bool:
        """Made, but not current."""
        return self.kind not in (CURRENT, MISSING)


class Currency:
    """Looks at the results of one scale.

    Parameters
    ----------
    config : the loaded configuration.
    root : folder of the scale's results if it is not where the configuration says.
    """

    def __init__(self, config: dict, root: str | Path | None = None):
        self.config = config
        self.layout = Layout(config, root)
        self.hashes = FileHashes(self.layout.root)
        self._states: dict[tuple, State] = {}

    def _once(self, key: tuple, judge: Callable[[], State]) -> State:
        if key not in self._states:
            self._states[key] = judge()
        return self._states[key]

    def data(self, dataset: str) -> State:
        """State of a generated data set."""
        return self._once(("data", dataset), lambda: self._data(dataset))

    def run(self, study: str, point: Point) -> State:
        """State of a finished training."""
        return self._once(("run", study, point_key(point)), lambda: self._run(study, point))

    def probes(self, study: str, point: Point) -> State:
        """State of the measurements of a run."""
        return self._once(("probes", study, point_key(point)), lambda: self._probes(study, point))

    def system(self, name: str) -> State:
        """State of the table of a small system."""
        record, files = self.layout.system_record(name), {name: self.layout.system(name)}
        settings = settings_hash(self.config["systems"][name])
        return self._once(("system", name), lambda: self._made(record, files, settings, system_roots(name), {}, []))

    def table(self, figure: str, inputs: Iterable[str], upstream: Iterable[State]) -> State:
        """State of the table of a figure.

        Parameters
        ----------
        inputs : files that it is made of.
        upstream : states of the results that these belong to.
        """
        record = self.layout.lineage(figure)
        files = {Path(path).name: path for path in table_files(self.layout, figure)}
        made_of = {relative(file, self.layout.root): file for file in inputs}
        settings = settings_hash(table_settings(self.config, figure))
        return self._once(
            ("table", figure),
            lambda: self._made(record, files, settings, table_roots(folder_of(self.config, figure)), made_of, upstream),
        )

    def drawing(self, figure: str, pictures: Iterable[str], upstream: Iterable[State]) -> State:
        """State of the pictures of a figure."""
        files = {Path(path).name: path for path in pictures}
        settings = settings_hash(drawing_settings(self.config, figure))
        made_of = {relative(table, self.layout.root): table for table in table_files(self.layout, figure)}
        record = self.layout.sidecar(figure)
        return self._once(
            ("drawing", figure),
            lambda: self._made(
                record, files, settings, drawing_roots(folder_of(self.config, figure)), made_of, upstream
            ),
        )

    def scorecard(self, inputs: Iterable[str], upstream: Iterable[State]) -> State:
        """State of the scorecard."""
        files = {suffix: self.layout.scorecard(suffix) for suffix in ("parquet", "companions.parquet", "csv", "md")}
        made_of = {relative(file, self.layout.root): file for file in inputs}
        settings = settings_hash(scorecard_settings(self.config))
        record = self.layout.scorecard("json")
        return self._once(
            ("scorecard",), lambda: self._made(record, files, settings, scorecard_roots(), made_of, upstream)
        )

    def report(self, inputs: Iterable[str], upstream: Iterable[State]) -> State:
        """State of the report."""
        made_of = {relative(file, self.layout.root): file for file in inputs}
        record, files = self.layout.report_record(), {"report": self.layout.report()}
        return self._once(
            ("report",),
            lambda: self._made(record, files, settings_hash(self.config), report_roots(), made_of, upstream),
        )

    def _data(self, dataset: str) -> State:
        files, spec = self.layout.data_files(dataset), self.config["datasets"][dataset]
        record = _read(files["info"])
        if record is None:
            return State(MISSING)
        if record.get("spec") != spec:
            return State(SETTINGS, f"the data set `{dataset}` is of other settings: {difference(record['spec'], spec)}")
        if record.get("code") != code_hash(data_roots(spec["task"], spec)):
            return State(CODE, f"the code that makes the data set `{dataset}` changed")
        splits = {split: path for split, path in files.items() if split != "info"}
        return self._files(record, splits, may_be_absent=splits)

    def _run(self, study: str, point: Point) -> State:
        section, folder = self.config["studies"][study], self.layout.run_folder(study, point)
        record = _read(f"{folder}/run.json")
        if record is None:
            return State(MISSING)
        facts = run_facts(self.config, study, point)
        if record.get("facts_hash") != facts_hash(facts):
            return State(SETTINGS, difference(record.get("facts"), facts))
        if record.get("code") != training_code(facts):
            return State(CODE, "the training code changed")
        data, info = self.data(section["dataset"]), _read(self.layout.data_files(section["dataset"])["info"])
        if not data.is_current or info.get("content_hash") != record.get("data_hash"):
            return State(INPUTS, data.reason or f"the data set `{section['dataset']}` is another one")
        if (start := start_of(self.config, section, point)) is not None:
            source, of_source = self.run(*start), _read(f"{self.layout.run_folder(*start)}/run.json")
            same = of_source is None or of_source.get("weights_sha256") == record.get("init_from_sha256")
            if source.is_stale or not same:
                return State(INPUTS, f"the run of `{start[0]}` that it starts from is another one")
        files = {name: f"{folder}/{file}" for name, file in RUN_FILES.items() if name != "record"}
        return self._files(record, files, may_be_absent=HEAVY)

    def _probes(self, study: str, point: Point) -> State:
        section, run = self.config["studies"][study], self.run(study, point)
        record_path = self.layout.probe_record(study, point)
        files = {probe: self.layout.probe_file(study, point, probe) for probe in section["probes"]}
        run_record = f"{self.layout.run_folder(study, point)}/run.json"
        settings = settings_hash(probe_settings(self.config, study))
        made_of = {relative(run_record, self.layout.root): run_record}
        return self._made(
            record_path,
            files,
            settings,
            probe_roots(section["probes"], self.config["datasets"][section["dataset"]]["task"]),
            made_of,
            [run],
        )

    def _made(
        self,
        record_path: str,
        files: Mapping[str, str],
        settings: str,
        roots: list[str],
        inputs: Mapping[str, str],
        upstream: Iterable[State],
    ) -> State:
        """State of what a stage made of files: its record has settings, code, inputs and files, each with its hash."""
        record = _read(record_path)
        if record is None:
            return State(MISSING)
        if record.get("settings") != settings:
            return State(SETTINGS, f"{Path(record_path).stem}: its settings changed")
        if record.get("code") != code_hash(roots):
            return State(CODE, f"{Path(record_path).stem}: its code changed")
        if any(not state.is_current for state in upstream):
            return State(INPUTS, f"{Path(record_path).stem}: what it is made of is not current")
        if record.get("inputs") != {name: self.hashes.sha256(path) for name, path in inputs.items()}:
            return State(INPUTS, f"{Path(record_path).stem}: what it is made of changed")
        return self._files(record, files)

    def _files(self, record: dict, files: Mapping[str, str], may_be_absent: Iterable[str] = ()) -> State:
        hashes = record.get("files") if isinstance(record.get("files"), dict) else {}
        for name, path in files.items():
            if not Path(path).exists():
                if name in may_be_absent:
                    continue
                return State(MISSING)
            if self.hashes.sha256(path) != hashes.get(Path(path).name):
                return State(FILES, f"{path} is not the file that its record speaks of")
        return State(CURRENT)


@functools.cache
def _read_once(path: str, stamp: int) -> dict | None:
    try:
        record = read_json(path)
    except InitscaleError:
        return {}
    return record if isinstance(record, dict) else {}


def _read(path: str) -> dict | None:
    """Content of a record; None if there is none, empty if it is damaged (nothing in it will be equal)."""
    try:
        stamp = Path(path).stat().st_mtime_ns
    except OSError:
        return None
    return _read_once(str(path), stamp)


def difference(before: object, now: object, path: str = "") -> str:
    """The first key in which two settings differ, with both values."""
    if isinstance(before, dict) and isinstance(now, dict):
        for key in sorted({*before, *now}, key=str):
            if before.get(key) != now.get(key):
                return difference(before.get(key), now.get(key), f"{path}.{key}" if path else str(key))
    return f"{path or 'settings'} was {before!r}, now {now!r}"
