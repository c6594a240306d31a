"""What a scale has: runs done, running, failed and missing per study, and the time left from the benchmark files."""

from __future__ import annotations

import csv
import os
import re
import time
from collections import Counter
from dataclasses import dataclass
from pathlib import Path

from initscale.experiment.grid import Point, study_points
from initscale.experiment.paths import Layout, failed_file, point_key, run_log
from initscale.inspection.currency import Currency
from initscale.training.checkpoint import FILE_NAME
from initscale.training.progress import duration
from initscale.training.run_files import FAILED_HISTORY

STATES = ("done", "stale", "running", "interrupted", "failed", "missing")
_SILENT_MINUTES = 10
"""A job on another machine whose log and checkpoint are unchanged for so long (and longer than two saves) is gone."""
_STEP = re.compile(r"step (\d+) of (\d+)")
_PROCESS = re.compile(r"attempt \d+, (?:process (\d+)|SLURM job \d+)")


@dataclass(frozen=True)
class RunStatus:
    """State of one run; ``share`` of its steps is done, ``seconds`` is its cost if known."""

    point: Point
    state: str
    share: float = 0.0
    seconds: float | None = None
    detail: str = ""


def run_status(config: dict, study: str, point: Point, currency: Currency | None = None) -> RunStatus:
    """State of one run, from its record, its checkpoint, its log and the process that wrote it."""
    layout, currency = Layout(config), currency or Currency(config)
    folder, log = Path(layout.run_folder(study, point)), _log(config, study, point)
    state = currency.run(study, point)
    if state.is_current or state.is_stale:
        detail = "" if state.is_current else f"{state.kind}: {state.reason}"
        word = "done" if state.is_current else "stale"
        return RunStatus(point, word, float(state.is_current), _cost(config, study, point), detail)
    text = log.read_text(encoding="utf-8", errors="replace") if log.exists() else ""
    steps = _STEP.findall(text)
    share = int(steps[-1][0]) / int(steps[-1][1]) if steps else 0.0
    if "Traceback" in text or (folder / FAILED_HISTORY).exists():
        return RunStatus(point, "failed", share, None, f"see {log}")
    saved = (folder / FILE_NAME).exists()
    if text and not failed_file(log).exists() and _is_alive(config, text, [log, folder / FILE_NAME]):
        return RunStatus(point, "running", share, None, f"{share:.0%}")
    if saved:
        return RunStatus(point, "interrupted", share, None, "the same command goes on from its last save")
    if text and folder.exists():
        return RunStatus(point, "interrupted", 0.0, None, "nothing was saved yet, the same command starts it again")
    return RunStatus(point, "missing")


def _is_alive(config: dict, text: str, signs: list[Path]) -> bool:
    """Whether the job that wrote a log still runs: its process exists, or (on a cluster) its files change."""
    attempts = _PROCESS.findall(text)
    if attempts and attempts[-1]:
        return _process_exists(int(attempts[-1]))
    silent = max(_SILENT_MINUTES, 2 * config["execution"]["save_minutes"]) * 60
    times = [path.stat().st_mtime for path in signs if path.exists()]
    return bool(times) and time.time() - max(times) < silent


def _process_exists(number: int) -> bool:
    try:
        os.kill(number, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True


def _log(config: dict, study: str, point: Point) -> Path:
    return Path(Layout(config).log(f"train/{study}/{run_log(config, study, point)}"))


def _cost(config: dict, study: str, point: Point) -> float | None:
    """Seconds of the run's job from its benchmark file; a bundle's job is shared evenly."""
    path = Path(Layout(config).benchmark(f"train/{study}/{run_log(config, study, point)}"))
    if not path.exists():
        return None
    with open(path, encoding="utf-8", newline="") as stream:
        (row,) = list(csv.DictReader(stream, delimiter="\t"))[-1:]
    name, section = path.stem, config["studies"][study]
    together = sum(run_log(config, study, p) == name for p in study_points(section)) if section["bundle"] > 1 else 1
    return float(row["s"]) / together


def core_seconds_left(runs: list[RunStatus]) -> float | None:
    """Estimate from the mean cost of a layer in the finished runs; None without a finished run with a benchmark."""
    known = [run.seconds / run.point["depth"] for run in runs if run.state == "done" and run.seconds is not None]
    if not known:
        return None
    per_layer = sum(known) / len(known)
    return sum(per_layer * run.point["depth"] * (1 - run.share) for run in runs if run.state != "done")


def status_lines(config: dict) -> list[str]:
    """Lines for the terminal: one per study, then every run that is neither done nor missing."""
    lines, currency = [f"scale `{config['scale']}` in {Layout(config).root}"], Currency(config)
    for study, section in config["studies"].items():
        runs = [run_status(config, study, point, currency) for point in study_points(section)]
        counts = Counter(run.state for run in runs)
        words = ", ".join(
            f"{counts[state]} {state}" for state in STATES if counts[state] or state in ("done", "missing")
        )
        lines.append(f"{study}: {len(runs)} runs: {words}; {_left(runs, counts)}")
        for run in runs:
            if run.state not in ("done", "missing"):
                lines.append(f"  {run.state:11} {point_key(run.point)}  {run.detail}")
    currency.hashes.save()
    return lines


def _left(runs: list[RunStatus], counts: Counter) -> str:
    if counts["done"] == len(runs):
        return "nothing left to train"
    left = core_seconds_left(runs)
    if left is None:
        return "time left unknown until the first run is finished"
    at_once = counts["running"]
    words = f"about {duration(left)} of one worker left"
    return f"{words}, {duration(left / at_once)} with the {at_once} now running" if at_once > 1 else words
