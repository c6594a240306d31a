"""Runs of the smoke task with data on disk, for the probes that read sequences, first weights and the recipe."""

from __future__ import annotations

from pathlib import Path

import pyarrow as pa

from initscale.experiment.grid import run_facts
from initscale.files.storage import write_table
from initscale.models.initializations import initial_weights_of
from initscale.probes.run import FinishedRun
from initscale.tasks.anchor.generate import generate

POINT = {"gamma": 0.5, "depth": 2, "lr": 2e-3, "seed": 0}


def small_run(config: dict, folder: Path, weights: dict | None = None, steps: int = 60) -> FinishedRun:
    """A run of the study ``phase`` whose last weights are its first ones except for ``weights``."""
    facts = run_facts(config, "phase", POINT)
    for split, table in generate(facts["dataset"]).items():
        write_table(folder / f"{split}.parquet", table)
    write_table(folder / "history.parquet", pa.table({"step": [0, steps]}))
    first = initial_weights_of(facts["model"], facts["seed"])
    return FinishedRun(facts, first | (weights or {}), folder, folder)
