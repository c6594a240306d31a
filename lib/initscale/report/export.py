"""Histories of finished runs for other tools: TensorBoard event files, one CSV per study."""

from __future__ import annotations

import math
from collections.abc import Iterator
from pathlib import Path

import pandas as pd

from initscale.errors import InputError
from initscale.experiment.grid import Point
from initscale.experiment.paths import RUN_FILES, Layout, point_key
from initscale.files.storage import atomic_path, read_table

FORMATS = ("tensorboard", "csv")
EIGENVALUES = "embedding_eigenvalues"
LARGEST = 3
"""Eigenvalues that are exported, the largest ones, as scalars ``embedding_eigenvalues_1`` and so on."""


def export(config: dict, study: str, points: list[Point], folder: str | Path, formats: list[str]) -> list[Path]:
    """Write the histories of the finished runs among ``points`` and return what was written.

    TensorBoard gets ``folder/study/<run>/`` with one event file: every column of the history as a scalar of the step,
    and the run's axes with its last row for the HPARAMS tab. CSV gets ``folder/study.csv``: one row per run and
    evaluation, its axes in front.

    Raises
    ------
    InputError if none of these runs is finished, or TensorBoard is not installed.
    """
    layout = Layout(config)
    histories = [(point, path) for point, path in _histories(layout, study, points) if path.exists()]
    if not histories:
        hint = f"python -m initscale status --scale {config['scale']} says what is finished"
        raise InputError("no run that was asked for is finished", where=f"{layout.root}/runs/{study}", hint=hint)
    frames = [(point, path, scalars(read_table(path).to_pandas())) for point, path in histories]
    written: list[Path] = []
    if "csv" in formats:
        written.append(_csv(frames, Path(folder) / f"{study}.csv"))
    if "tensorboard" in formats:
        written += [_events(*one, Path(folder) / study / point_key(one[0])) for one in frames]
    return written


def scalars(history: pd.DataFrame) -> pd.DataFrame:
    """A history whose list of eigenvalues became ``LARGEST`` columns of numbers."""
    wide = history.drop(columns=EIGENVALUES, errors="ignore")
    if EIGENVALUES in history:
        for place in range(LARGEST):
            values = [row[place] if len(row) > place else math.nan for row in history[EIGENVALUES]]
            wide[f"{EIGENVALUES}_{place + 1}"] = values
    return wide


def _histories(layout: Layout, study: str, points: list[Point]) -> Iterator[tuple[Point, Path]]:
    for point in points:
        yield point, Path(layout.run_folder(study, point)) / RUN_FILES["history"]


def _csv(frames: list[tuple[Point, Path, pd.DataFrame]], path: Path) -> Path:
    rows = [frame.assign(**point)[[*point, *frame.columns]] for point, _, frame in frames]
    with atomic_path(path) as part:
        pd.concat(rows).to_csv(part, index=False)
    return path


def _events(point: Point, history: Path, frame: pd.DataFrame, folder: Path) -> Path:
    """One event file; the folder's earlier ones are removed, since TensorBoard would show both."""
    writer_of, hparams = _tensorboard()
    for old in folder.glob("events.out.tfevents.*"):
        old.unlink()
    finished = history.stat().st_mtime  # a history has no times of its own
    with writer_of(str(folder)) as writer:
        for row in frame.to_dict("records"):
            for name, value in row.items():
                if name != "step" and not math.isnan(value):
                    writer.add_scalar(_tag(name), value, int(row["step"]), walltime=finished)
        last = {_tag(name): value for name, value in frame.iloc[-1].items() if not math.isnan(value)}
        for summary in hparams({axis: float(value) for axis, value in point.items()}, last):
            writer.file_writer.add_summary(summary, walltime=finished)
    return folder


def _tag(name: str) -> str:
    """Accuracies and losses of groups stand together in TensorBoard: ``acc/test``."""
    kind, _, rest = name.partition("_")
    return f"{kind}/{rest}" if kind in ("acc", "loss") and rest else name


def _tensorboard():
    try:
        from torch.utils.tensorboard import SummaryWriter
        from torch.utils.tensorboard.summary import hparams
    except ImportError:
        hint = "pip install 'initscale[export]', or `--format csv`"
        raise InputError("TensorBoard is not installed", where="--format tensorboard", hint=hint) from None
    return SummaryWriter, hparams
