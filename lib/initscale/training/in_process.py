"""Train runs in this process: their data, and which of them are stacked."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from initscale.errors import TrainingError
from initscale.tasks.interface import SequenceData, TaskData
from initscale.training.choices import load_choice
from initscale.training.loop import train
from initscale.training.options import Options


def train_here(
    facts: list[dict],
    data_folder: str | Path,
    run_folders: Sequence[str | Path],
    execution: dict,
    init_from: Sequence[str | Path] = (),
    *,
    keep_finished: bool,
) -> list[TrainingError]:
    """Train runs in this process and return the errors of those that failed.

    Parameters
    ----------
    facts : ``run_facts`` of each run.
    data_folder : output of the stage generate-data.
    run_folders : one per run.
    execution : the ``execution`` section of the configuration.
    init_from : weights that the runs start from, one file per run; none for a random initialization.
    keep_finished : see ``initscale.training.options.Options``.
    """
    options = Options.from_execution(execution, facts[0], keep_finished=keep_finished)
    weights = list(init_from) or [None] * len(facts)
    errors, data, size = [], None, None
    for part_size, runs in stacks(facts, execution["device"]):
        if data is None or part_size != size:  # one data set at a time in memory
            data, size = load_data(facts[runs[0]], data_folder), part_size
        try:
            train(
                [facts[run] for run in runs],
                [run_folders[run] for run in runs],
                data,
                options,
                [weights[run] for run in runs],
            )
        except TrainingError as error:
            errors.append(error)
    return errors


def load_data(facts: dict, data_folder: str | Path) -> TaskData | SequenceData:
    """The data of a run: all, or as many training sequences as its ``size`` says."""
    part = {"size": facts["size"]} if "size" in facts else {}
    return load_choice("data", facts)(facts["dataset"], data_folder, facts["evaluation"]["sequences"], **part)


def stacks(facts: list[dict], device: str) -> list[tuple[int | None, list[int]]]:
    """Which runs are trained together, with the number of their training sequences (None: all).

    On a GPU those of equal size are stacked. On a CPU nothing is gained by stacking (benchmarks/README.md).
    """
    sizes = [run.get("size") for run in facts]
    if device == "cpu":
        return [(size, [run]) for run, size in enumerate(sizes)]
    return [(size, [run for run, other in enumerate(sizes) if other == size]) for size in dict.fromkeys(sizes)]
