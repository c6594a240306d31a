"""The notebook runs from its first to its last cell, and the trained runs are what it and their cards say."""

from __future__ import annotations

import nbformat
import pytest
from nbclient import NotebookClient

import initscale
from initscale.experiment.grid import facts_hash
from initscale.files.storage import read_json
from initscale.report.model_card import model_card
from initscale.repository import REPOSITORY

NOTEBOOK = REPOSITORY / "notebooks" / "start.ipynb"
TRAINED = REPOSITORY / "trained"
RUNS = sorted(path.parent.name for path in TRAINED.glob("*/run.json"))


def composed(record: dict) -> float:
    """Accuracy under composition on the unseen pair (4,3), training keys."""
    return record["final"]["acc_4_3_inferential_train_keys"]


def test_notebook_is_kept_without_outputs():
    notebook = nbformat.read(NOTEBOOK, as_version=4)
    nbformat.validate(notebook)
    assert all(not cell.get("outputs") for cell in notebook.cells)


def test_notebook_runs():
    notebook = nbformat.read(NOTEBOOK, as_version=4)
    place = {"metadata": {"path": NOTEBOOK.parent}}
    NotebookClient(notebook, timeout=600, kernel_name="python3", resources=place).execute()
    outputs = [output for cell in notebook.cells for output in cell.get("outputs", [])]
    assert sum("image/png" in output.get("data", {}) for output in outputs) == 3  # courses, Fig 3, Fig 5
    assert not any(output["output_type"] == "error" for output in outputs)


@pytest.mark.parametrize("name", RUNS)
def test_trained_run_is_whole_and_its_card_is_made_of_its_record(name):
    run = initscale.load(TRAINED / name)
    assert facts_hash(run.facts) == run.record["facts_hash"]
    assert run.record["git"]["dirty"] is False
    assert sum(weight.numel() for weight in run.weights.values()) == run.record["parameters"]
    card = (TRAINED / name / "README.md").read_text(encoding="utf-8")
    words = card.split("\n\n")[2].split(f" {run.record['parameters']:,} parameters.")[0]
    assert card == model_card(run.record, words)


def test_trained_runs_give_both_answers():
    records = {name: read_json(TRAINED / name / "run.json") for name in RUNS}
    assert RUNS == ["composes", "memorizes"]
    assert all(record["final"]["acc_test"] >= 0.9 for record in records.values())
    assert composed(records["composes"]) >= 0.9
    assert composed(records["memorizes"]) <= 0.2


def test_trained_runs_are_small():
    assert sum(path.stat().st_size for path in TRAINED.rglob("*") if path.is_file()) <= 20e6
