"""Stage train: from a data folder and the facts of one or several runs to their run folders."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from initscale.errors import InputError, TrainingError
from initscale.experiment.grid import facts_hash
from initscale.files.storage import read_json, write_json
from initscale.training.checkpoint import remove_checkpoint
from initscale.training.in_process import train_here
from initscale.training.processes import train_in_processes


def train_runs(
    facts: list[dict],
    data_folder: str | Path,
    run_folders: list[str | Path],
    execution: dict,
    init_from: Sequence[str | Path] = (),
) -> None:
    """Train runs of equal shape and write their folders: stacked on a GPU, ``processes`` at a time on a CPU.

    Single runs on a CPU are bit-equal to runs of a bundle.

    Parameters
    ----------
    facts : ``initscale.experiment.grid.run_facts`` of each run.
    data_folder : output of the stage generate-data.
    run_folders : one per run.
    execution : the ``execution`` section of the configuration.
    init_from : weights that the runs start from, one file per run; none for a random initialization.
    """
    check_init_from(facts, init_from)
    check_data(facts[0]["dataset"], data_folder)
    if execution["device"] == "cpu" and min(execution["processes"], len(facts)) > 1:
        errors = train_in_processes(facts, data_folder, run_folders, execution, init_from)
    else:
        errors = train_here(facts, data_folder, run_folders, execution, init_from, keep_finished=len(facts) > 1)
    if errors:
        raise TrainingError("; ".join(error.what for error in errors), hint=errors[0].hint)
    note_init_from(run_folders, init_from)
    for folder in run_folders:
        remove_checkpoint(folder)


def check_init_from(facts: list[dict], init_from: Sequence[str | Path]) -> None:
    """Raise ``InputError`` unless the weights are those of the runs that the facts name under ``init_from``."""
    sources = [run["init_from"] for run in facts if "init_from" in run]
    if len(sources) != len(init_from):
        raise InputError(
            f"{len(sources)} run(s) continue from others, and {len(init_from)} file(s) of weights are given"
        )
    for source, path in zip(sources, init_from, strict=True):
        record = Path(path).parent / "run.json"
        if read_json(record)["facts_hash"] != facts_hash(source):
            hint = "train that study again; runs that continue from it follow"
            raise InputError("the weights to start from were made with other settings", where=str(record), hint=hint)


def note_init_from(run_folders: Sequence[str | Path], init_from: Sequence[str | Path]) -> None:
    """Put the hash of the weights that a run started from into its record; other weights there make it stale."""
    for folder, source in zip(run_folders, init_from, strict=bool(init_from)):
        path, started = Path(folder) / "run.json", read_json(Path(source).parent / "run.json")["weights_sha256"]
        write_json(path, read_json(path) | {"init_from_sha256": started})


def check_data(spec: dict, data_folder: str | Path) -> None:
    """Raise ``InputError`` unless the folder holds data of this specification."""
    path = Path(data_folder) / "dataset.json"
    if read_json(path).get("spec") != spec:
        raise InputError(
            "holds data of another specification",
            where=str(path),
            hint="run the stage generate-data again, into this folder or another one",
        )
