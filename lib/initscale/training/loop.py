"""Train runs from their facts, from the start or from where an earlier attempt stopped."""

from __future__ import annotations

import logging
from collections import defaultdict
from collections.abc import Sequence
from pathlib import Path

from initscale.errors import InputError, TrainingError
from initscale.tasks.interface import SequenceData, TaskData
from initscale.training.allocation import keep_freed_memory
from initscale.training.checkpoint import Checkpoint, load_checkpoint, remove_checkpoint
from initscale.training.determinism import prepare
from initscale.training.interrupts import StopRequest, catch_signals
from initscale.training.lockstep import Lockstep
from initscale.training.options import Options, identity
from initscale.training.record import Recorder

LOG = logging.getLogger("initscale")


def train(
    facts: list[dict],
    folders: list[str | Path],
    data: TaskData | SequenceData,
    options: Options,
    init_from: Sequence[str | Path | None] | None = None,
) -> None:
    """Train one run, or several of equal shape at once, and write each run's folder.

    Parameters
    ----------
    facts : ``run_facts`` of every run.
    folders : one folder per run; gets weights.safetensors, history.parquet, run.json.
    data : what they are trained on.
    options : device, threads, saving.
    init_from : safetensors file that each run starts from; None for a random initialization.

    Raises
    ------
    Interrupted after SIGINT or SIGTERM; the state is saved and the same call goes on from there.
    TrainingError if a loss is not finite; the history so far is kept in history_failed.parquet.
    """
    folders = [Path(folder) for folder in folders]
    with catch_signals() as stop:
        failures = _train(facts, folders, init_from or [None] * len(facts), data, options, stop)
    if failures:
        raise TrainingError(
            "; ".join(failures), hint="lower the learning rate; the history up to there is in history_failed.parquet"
        )
    for folder in [] if options.keep_finished else folders:
        remove_checkpoint(folder)


def _train(
    facts: list[dict],
    folders: list[Path],
    init_from: Sequence[str | Path | None],
    data: TaskData | SequenceData,
    options: Options,
    stop: StopRequest,
) -> list[str]:
    keep_freed_memory()
    device = prepare(options.device, options.threads, facts[0]["training"]["precision"])
    failures: list[str] = []
    for runs, checkpoints in _by_step(facts, folders, data, options):
        lockstep = Lockstep([facts[run] for run in runs], [folders[run] for run in runs], data, device)
        lockstep.init_from([init_from[run] for run in runs])
        recorder = Recorder(lockstep, data, options, checkpoints)
        recorder.run(stop)
        failures += recorder.failures()
    return failures


def _by_step(
    facts: list[dict], folders: list[Path], data: TaskData | SequenceData, options: Options
) -> list[tuple[list[int], list[Checkpoint | None]]]:
    """Runs at the same step, with their checkpoints: several groups only if a kill fell between two checkpoints."""
    groups = defaultdict(list)
    for run, (fact, folder) in enumerate(zip(facts, folders, strict=True)):
        folder.mkdir(parents=True, exist_ok=True)
        checkpoint = _checkpoint(fact, folder, data, options)
        groups[checkpoint.step if checkpoint else 0].append((run, checkpoint))
    return [([run for run, _ in group], [saved for _, saved in group]) for group in groups.values()]


def _checkpoint(facts: dict, folder: Path, data: TaskData | SequenceData, options: Options) -> Checkpoint | None:
    try:
        return load_checkpoint(folder, identity(facts, data, options))
    except InputError as error:
        if options.stale_resume != "discard":
            raise
        LOG.warning("%s; starting afresh", error)
        remove_checkpoint(folder)
        return None
