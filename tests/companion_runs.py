"""Runs of the smoke task with data on disk, for the probes that read sequences, first weights and the recipe."""

from __future__ import annotations

from pathlib import Path

import pyarrow as pa

from initscale.config.load import load_config
from initscale.experiment.grid import run_facts, study_points
from initscale.experiment.paths import Layout
from initscale.files.storage import write_table
from initscale.models.initializations import initial_weights_of
from initscale.probes import load_probe
from initscale.probes.run import FinishedRun
from initscale.tasks.anchor.generate import generate

PROBES = {"fig_change": "change", "fig_attention": "attention", "fig_sharpness": "sharpness"}
PROBES |= {"fig_lidar": "lidar", "fig_reward": "reward"}
#               inferential, symmetric, seen pairs
ANSWERS = {0.3: (0.1, 0.8, 1.0), 0.8: (0.9, 0.05, 0.95)}
SLOW = {"lr": 1e-3}
"""Made-up runs that have learnt nothing."""
POINT = {"gamma": 0.5, "depth": 2, "lr": 2e-3, "seed": 0}


def small_run(config: dict, folder: Path, weights: dict | None = None, steps: int = 60) -> FinishedRun:
    """A run of the study ``phase`` whose last weights are its first ones except for ``weights``."""
    facts = run_facts(config, "phase", POINT)
    for split, table in generate(facts["dataset"]).items():
        write_table(folder / f"{split}.parquet", table)
    write_table(folder / "history.parquet", pa.table({"step": [0, steps]}))
    first = initial_weights_of(facts["model"], facts["seed"])
    return FinishedRun(facts, first | (weights or {}), folder, folder)


def measured_phase(tmp_path_factory) -> dict:
    """A smoke configuration in whose results every run of `phase` has the scores of one real run, times ``factor``."""
    config = load_config({"scale": "smoke", "results": str(tmp_path_factory.mktemp("results"))})
    run, layout = small_run(config, tmp_path_factory.mktemp("run")), Layout(config)
    tables = {probe: load_probe(probe).probe(run, config["probes"][probe]).to_pandas() for probe in PROBES.values()}
    for point in study_points(config["studies"]["phase"]):
        for probe, rows in tables.items():
            rows = rows.assign(value=rows["value"] * factor(point))
            path = layout.probe_file("phase", point, probe)
            write_table(path, pa.Table.from_pandas(rows, preserve_index=False))
        write_table(f"{layout.run_folder('phase', point)}/history.parquet", _history(point))
    return config


def factor(point: dict) -> float:
    """What the scores of a made-up run are multiplied by."""
    return 1 + point["gamma"] + point["seed"] / 10


def _history(point: dict) -> pa.Table:
    """Two evaluations, of which the last one counts."""
    inferential, symmetric, seen = (0.0, 0.0, 0.2) if point["lr"] == SLOW["lr"] else ANSWERS[point["gamma"]]
    columns = {"acc_4_3_inferential_train_keys": inferential, "acc_4_3_symmetric_train_keys": symmetric}
    columns = {name: [0.0, value] for name, value in columns.items()}
    return pa.table({"step": [0, 60], "loss": [9.0, 0.5], "acc_test": [0.0, seen]} | columns)
