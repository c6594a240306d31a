"""Stage train: from a data folder and the facts of one or several runs to their run folders."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from initscale.errors import InputError, TrainingError
from initscale.grid import facts_hash
from initscale.sources import source_hash, used_files
from initscale.storage import read_json
from initscale.tasks import load_task, task_modules
from initscale.tasks.interface import SequenceData, TaskData
from initscale.training.apart import train_apart
from initscale.training.loop import Options, train
from initscale.training.resume import remove_state


def training_code(spec: dict) -> list[str]:
    """Source files that the result of a training can depend on."""
    return used_files(__file__, task_modules(spec["task"], "tensors"))


def train_runs(
    facts: list[dict],
    data_folder: str | Path,
    run_folders: list[str | Path],
    execution: dict,
    starts: Sequence[str | Path] = (),
) -> None:
    """Train runs of equal shape and write their folders: stacked on a GPU, ``processes`` at a time on a CPU.

    On a CPU nothing is gained by stacking (benchmarks/README.md), and single runs are bit-equal to runs alone.

    Parameters
    ----------
    facts : ``initscale.grid.run_facts`` of each run.
    data_folder : output of the stage generate-data.
    run_folders : one per run.
    execution : the ``execution`` section of the configuration.
    starts : weights that the runs start from, one file per run; none if they start from scratch.
    """
    check_starts(facts, starts)
    check_data(facts[0]["dataset"], data_folder)
    if execution["device"] == "cpu" and min(execution["processes"], len(facts)) > 1:
        failures = train_apart(facts, data_folder, run_folders, execution, starts)
    else:
        failures = train_here(facts, data_folder, run_folders, execution, starts, keep_finished=len(facts) > 1)
    if failures:
        raise TrainingError("; ".join(error.what for error in failures), hint=failures[0].hint)
    for folder in run_folders:
        remove_state(folder)


def train_here(
    facts: list[dict],
    data_folder: str | Path,
    run_folders: list[str | Path],
    execution: dict,
    starts: Sequence[str | Path] = (),
    *,
    keep_finished: bool,
) -> list[TrainingError]:
    """Train runs in this process and return the errors of those that failed.

    Parameters
    ----------
    keep_finished : see ``initscale.training.options.Options``; the others as in ``train_runs``.
    """
    spec = facts[0]["dataset"]
    options = Options(
        device=execution["device"],
        threads=execution["threads"],
        save_minutes=execution["save_minutes"],
        stale_resume=execution["stale_resume"],
        code=source_hash(training_code(spec)),
        keep_finished=keep_finished,
    )
    failures = []
    loaded: dict = {}
    for size, runs in _together(facts, options.device):
        if size not in loaded:  # one at a time in memory
            loaded = {size: _load(facts[runs[0]], data_folder)}
        try:
            own = [[some[run] for run in runs] for some in (facts, run_folders, starts or [None] * len(facts))]
            train(*own[:2], loaded[size], options, own[2])
        except TrainingError as error:
            failures.append(error)
    return failures


def _load(facts: dict, data_folder: str | Path) -> TaskData | SequenceData:
    """The data of a run: all, or as many training sequences as its ``size`` says."""
    part = {"size": facts["size"]} if "size" in facts else {}
    load = load_task(facts["dataset"]["task"], "tensors").load
    return load(facts["dataset"], data_folder, facts["evaluation"]["sequences"], **part)


def _together(facts: list[dict], device: str) -> list[tuple[int | None, list[int]]]:
    """Which runs are stacked, with the number of their training sequences (None: all)."""
    sizes = [run.get("size") for run in facts]
    if device == "cpu":
        return [(size, [run]) for run, size in enumerate(sizes)]
    return [(size, [run for run, own in enumerate(sizes) if own == size]) for size in dict.fromkeys(sizes)]


def check_starts(facts: list[dict], starts: Sequence[str | Path]) -> None:
    """Raise ``InputError`` unless the weights are those of the runs that the facts name under ``start_from``."""
    wanted = [run["start_from"] for run in facts if "start_from" in run]
    if len(wanted) != len(starts):
        raise InputError(f"{len(wanted)} run(s) continue from others, and {len(starts)} file(s) of weights are given")
    for source, path in zip(wanted, starts, strict=True):
        record = Path(path).parent / "run.json"
        if read_json(record)["facts_hash"] != facts_hash(source):
            hint = "train that study again; runs that continue from it follow"
            raise InputError("the weights to start from were made with other settings", where=str(record), hint=hint)


def check_data(spec: dict, data_folder: str | Path) -> None:
    """Raise ``InputError`` unless the folder holds data of this specification."""
    path = Path(data_folder) / "dataset.json"
    found = read_json(path).get("spec")
    if found != spec:
        raise InputError(
            "holds data of another specification",
            where=str(path),
            hint="run the stage generate-data again, into this folder or another one",
        )
