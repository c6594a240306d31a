"""How long the workflow needs to find out that nothing is to be done: made-up finished runs of the scale `paper`.

python benchmarks/start.py [RUNS_AT_MOST]

Writes records and small files for every run of `phase` (1,458 at the scale `paper`) into a temporary folder and judges
them twice: with no hash remembered, and with all of them.
"""

from __future__ import annotations

import json
import sys
import tempfile
import time
from pathlib import Path

from initscale.config.load import load_config
from initscale.experiment.grid import facts_hash, run_facts, study_points
from initscale.experiment.paths import RUN_FILES, Layout
from initscale.files.storage import file_hash, write_json
from initscale.inspection.currency import Currency
from initscale.records.code import code_definitions, code_hash, data_roots, training_code
from initscale.training.choices import training_roots

STUDY = "phase"
BYTES = 2**20


def make_up(config: dict, most: int) -> list[dict]:
    """Write a data set and finished runs; return their grid points."""
    layout, study = Layout(config), config["studies"][STUDY]
    files = layout.data_files(study["dataset"])
    spec = config["datasets"][study["dataset"]]
    for split, path in files.items():
        if split != "info":
            Path(path).parent.mkdir(parents=True, exist_ok=True)
            Path(path).write_bytes(b"0")
    hashes = {Path(path).name: file_hash(path) for split, path in files.items() if split != "info"}
    roots = data_roots(spec["task"])
    write_json(files["info"], {"spec": spec, "content_hash": "x", "code": code_hash(roots), "files": hashes})
    points = list(study_points(study))[:most]
    for point in points:
        facts, folder = run_facts(config, STUDY, point), Path(layout.run_folder(STUDY, point))
        folder.mkdir(parents=True)
        names = [name for name in RUN_FILES.values() if name != "run.json"]
        for name in names:
            (folder / name).write_bytes(bytes(BYTES))
        record = {"facts": facts, "facts_hash": facts_hash(facts), "data_hash": "x", "code": training_code(facts)}
        record |= {
            "definitions": code_definitions(training_roots(facts)),
            "files": {name: file_hash(folder / name) for name in names},
        }
        (folder / "run.json").write_text(json.dumps(record, indent=2))
    return points


def judge(config: dict, points: list[dict]) -> float:
    """Seconds to judge all runs."""
    started = time.perf_counter()
    currency = Currency(config)
    states = [currency.run(STUDY, point) for point in points]
    currency.hashes.save()
    assert all(state.is_current for state in states), next(state for state in states if not state.is_current)
    return time.perf_counter() - started


def main(most: int) -> None:
    with tempfile.TemporaryDirectory() as folder:
        config = load_config({"scale": "paper", "results": folder})
        points = make_up(config, most)
        first, second = judge(config, points), judge(config, points)
        print(f"{len(points)} runs: {first:.2f} s with no hash remembered, {second:.2f} s with all")


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 10**9)
