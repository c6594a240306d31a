"""What the trainings behind a report cost: from run records, or as committed beside the reference tables."""

from __future__ import annotations

import csv
from pathlib import Path

from initscale.experiment.grid import needed_studies, study_points
from initscale.experiment.paths import Layout
from initscale.files.storage import read_json
from initscale.report.committed import reference_costs


def training_costs(config: dict) -> list[dict]:
    """Cost of the trainings, one entry per study (or per studies that were measured together).

    Returns
    -------
    Entries with ``studies`` (list), ``runs``, ``core_hours`` (CPU time over all attempts), ``processor`` and
    ``measured`` (where the number comes from). With ``source: reference`` what is committed beside the tables.
    """
    if config["source"] == "reference":
        return _committed(reference_costs(config["scale"]))
    found = [_of_study(config, study) for study in config["studies"]]
    return [entry for entry in found if entry["runs"]]


def costs_of(costs: list[dict], config: dict, figure: str) -> list[dict]:
    """The entries that a figure's runs are part of."""
    needed = set(needed_studies(config, figure))
    return [entry for entry in costs if needed & set(entry["studies"])]


def _of_study(config: dict, study: str) -> dict:
    layout = Layout(config)
    paths = [Path(layout.run_folder(study, point)) / "run.json" for point in study_points(config["studies"][study])]
    records = [read_json(path) for path in paths if path.exists()]
    return {
        "studies": [study],
        "runs": len(records),
        "core_hours": sum(record["cpu_seconds"] for record in records) / 3600,
        "processor": ", ".join(sorted({record["machine"]["processor"] for record in records})),
        "measured": "run.json of every run",
    }


def _committed(path: Path) -> list[dict]:
    if not path.exists():
        return []
    with open(path, encoding="utf-8", newline="") as stream:
        return [
            {
                **row,
                "studies": row["studies"].split(),
                "runs": int(row["runs"]),
                "core_hours": float(row["core_hours"]),
            }
            for row in csv.DictReader(stream)
        ]
