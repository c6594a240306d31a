"""Losses of a 200-step run, kept in the repository: exact on the processor they were recorded on, near elsewhere.

python tests/training/test_golden.py     records them anew, after a change that is meant to change them
"""

from __future__ import annotations

import json
import tempfile
from pathlib import Path

import numpy as np
import pytest

from initscale.config.load import load_config
from initscale.experiment.grid import run_facts, study_points
from initscale.files.storage import read_table
from initscale.provenance.machine import machine, versions
from initscale.stages.generate_data import generate_data
from initscale.tasks.anchor.tensors import load
from initscale.training.loop import Options, train

FILE = Path(__file__).parents[1] / "golden" / "losses.json"


def losses(folder: Path, threads: int = 1) -> dict[str, list[float]]:
    """Mean loss of every 10 steps, of a run of the CPU engine and of a stacked one."""
    config = load_config({"scale": "smoke"})
    facts = run_facts(config, "phase", next(study_points(config["studies"]["phase"])))
    facts["training"] = {**facts["training"], "duration": "200 steps", "warmup": "40 steps"}
    facts["evaluation"] = {"every": "10 steps", "sequences": 50, "snapshots": 0}
    generate_data(facts["dataset"], folder / "data")
    data = load(facts["dataset"], folder / "data", sequences=50)
    other = {**facts, "seed": 1}
    train([facts], [folder / "single"], data, Options(threads=threads))
    train([facts, other], [folder / "first", folder / "second"], data, Options(threads=threads))
    return {
        name: read_table(folder / name / "history.parquet")["loss"].to_pylist()[1:] for name in ("single", "second")
    }


def platform() -> dict:
    return {"processor": machine()["processor"], "torch": versions()["torch"]}


def test_losses_are_those_on_record(tmp_path):
    record = json.loads(FILE.read_text())
    found = losses(tmp_path)
    for name, wanted in record["losses"].items():
        if platform() == record["platform"]:
            assert found[name] == wanted
        else:
            np.testing.assert_allclose(found[name], wanted, rtol=record["tolerance"])


def test_a_changed_seed_is_noticed():
    """The tolerance is far smaller than the difference between two seeds."""
    record = json.loads(FILE.read_text())
    with pytest.raises(AssertionError):
        np.testing.assert_allclose(record["losses"]["single"], record["losses"]["second"], rtol=record["tolerance"])


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as one, tempfile.TemporaryDirectory() as two:
        recorded, with_two_threads = losses(Path(one)), losses(Path(two), threads=2)
    pairs = [np.asarray([recorded[name], with_two_threads[name]]) for name in recorded]
    print("largest relative difference between 1 and 2 threads:", max(abs(b / a - 1).max() for a, b in pairs))
    content = {"platform": platform(), "tolerance": 1e-3, "losses": recorded}
    FILE.write_text(json.dumps(content, indent=1) + "\n")
