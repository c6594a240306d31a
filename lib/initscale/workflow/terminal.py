"""What the terminal shows of a run: how many jobs, which now, a training's loss and time left, errors.

Snakemake's own text, with every file and reason, stays in its log file (`.snakemake/log`). Only its default output is
replaced: a logger plugin that the user chooses (`snakemake --logger ...`) is left alone.
"""

from __future__ import annotations

import logging
import os
import re
import threading
import time
from collections import Counter
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from snakemake.logging import ColorizingTextHandler, DefaultFormatter, LogEvent, format_percentage, is_quiet_about

from initscale.training.progress import duration, newest_lines

SECONDS_BETWEEN_REPORTS = 60.0
MOST_TRAININGS = 8
"""Trainings in one report; the others are counted."""
STAGES = {
    "generate": "data set",
    "train": "training job",
    "probe": "measurement",
    "simulate": "simulation",
    "aggregate": "table",
    "": "drawing",
    "scorecard": "scorecard",
    "report": "report",
    "all": "target",
}
"""First word of a rule's name -> what its jobs make, in pipeline order; figures draw by rules of their own names."""
_SILENT = {LogEvent.WORKFLOW_STARTED, LogEvent.RESOURCES_INFO, LogEvent.JOB_STARTED, LogEvent.GROUP_INFO}
_UNNEEDED = re.compile(
    r"Select jobs to execute|Assuming unrestricted shared filesystem|Using shell|Reasons:\n"
    r"|\d+ jobs have missing provenance|Rules with missing metadata"  # what is stale is judged from our own records
    r"|(?s:RuleException:\nCalledProcessError.*returned non-zero exit status)"  # the script has said why itself
)
"""How messages without an event begin that say nothing to a reader of the terminal."""


@dataclass
class _Job:
    title: str
    logs: list[str]
    started: float = field(default_factory=time.monotonic)


class ShortLines(DefaultFormatter):
    """Snakemake's events in one line each; it also keeps which jobs are running.

    Parameters
    ----------
    dryrun : whether nothing is run: jobs come with their reason then.
    quiet : what the user wants to hear nothing about (`--quiet`).
    """

    def __init__(self, dryrun: bool, quiet: Collection = ()):
        super().__init__(quiet)
        self.dryrun = dryrun
        self.running: dict[int, _Job] = {}
        self._finished: list[_Job] = []
        self._reported: set[str] = set()

    def format(self, record: logging.LogRecord) -> str:
        """Text of a record; an empty one is not shown."""
        if getattr(record, "event", None) in _SILENT or _UNNEEDED.match(record.getMessage()):
            return ""
        return super().format(record)

    def format_run_info(self, msg: Mapping) -> str:
        """How many jobs; rule by rule in a dry run that does not list the jobs."""
        return msg["msg"] if self.dryrun and is_quiet_about(self.quiet, "rules") else job_counts(msg["stats"])

    def format_job_info(self, msg: Mapping) -> str:
        """Which job is started, or would be."""
        job = _Job(_title(msg["rule_name"], msg["wildcards"]), list(msg["log"]))
        if self.dryrun:
            return f"  {job.title}  ({_reason(msg['reason'])})"
        self.running[msg["jobid"]] = job
        return f"{_now()} start {job.title}"

    def format_job_finished(self, msg: Mapping) -> str:
        """Nothing yet: the count follows at once."""
        job = self.running.pop(msg["job_id"], None)
        self._finished += [job] if job else []
        return ""

    def format_progress(self, msg: Mapping) -> str:
        """Which jobs have finished, and how many of how many."""
        finished, self._finished = self._finished, []
        jobs = ", ".join(f"{job.title} in {duration(time.monotonic() - job.started)}" for job in finished)
        done, total = msg["done"], msg["total"]
        return f"{_now()} {done} of {total} jobs done ({format_percentage(done, total)}){f': {jobs}' if jobs else ''}"

    def format_job_error(self, msg: Mapping) -> str:
        """Which job failed, where its log is, and what an executor knows of it, such as the state in SLURM."""
        job = self.running.pop(msg["jobid"], None)
        lines = [f"{_now()} FAILED {job.title if job else msg['rule_name']}"]
        lines += [f"log: {path}" for path in msg["log"]]
        lines += [msg["rule_msg"]] if msg["rule_msg"] else []
        lines += [f"{key}: {value}" for key, value in msg["aux"].items() if value]
        return "\n    ".join(lines)

    def format_group_error(self, msg: Mapping) -> str:
        """What an executor knows of a failed group; its jobs follow one by one."""
        lines = [f"{_now()} FAILED group of {len(msg['job_error_info'])} jobs"]
        lines += [f"log: {path}" for path in msg["aux_logs"]]
        return "\n    ".join(lines + ([msg["msg"]] if msg.get("msg") else []))

    def trainings(self) -> list[str]:
        """Steps, loss and time left of the running trainings that got on since the last call, from their logs."""
        lines = []
        for job in list(self.running.values()):
            for path in map(Path, job.logs):
                text = path.read_text(encoding="utf-8", errors="replace") if path.exists() else ""
                lines += [str(line) for line in newest_lines(text)]
        new = [line for line in lines if line not in self._reported]
        self._reported = set(lines)
        return new


def job_counts(counts: Mapping[str, int]) -> str:
    """What will be made: number of jobs by stage.

    >>> job_counts({"all_figures": 1, "fig2": 1, "generate_anchor": 2, "train_phase": 8, "total": 12})
    '12 jobs: 2 data sets, 8 training jobs, 1 drawing, 1 target'

    Parameters
    ----------
    counts : rule -> jobs, and "total", as Snakemake gives them.
    """
    stages = Counter()
    for rule, count in counts.items():
        word = rule.partition("_")[0]
        stages[word if word in STAGES else ""] += count if rule != "total" else 0
    numbers = [(stages[stage], made) for stage, made in STAGES.items() if stages[stage]]
    return f"{_count(counts['total'], 'job')}: {', '.join(_count(*number) for number in numbers)}"


def shorten(logger: logging.Logger, dryrun: bool, quiet: Collection | None) -> ShortLines | None:
    """Show short lines instead of Snakemake's default output, see ``ShortLines``.

    Returns
    -------
    The formatter, or None where the default output was already replaced (a plugin, or another workflow).
    """
    default = next((handler for handler in logger.handlers if type(handler) is ColorizingTextHandler), None)
    if default is None:
        return None
    lines = ShortLines(dryrun, quiet or ())
    handler = _WithoutBlankLines(default.nocolor, default.stream, lines)
    handler.filters, handler.name = default.filters, default.name
    logger.removeHandler(default)
    logger.addHandler(handler)
    # Bars of several trainings on one terminal would overwrite each other; jobs inherit this.
    os.environ["TQDM_DISABLE"] = "1"
    return lines


def report_trainings(logger: logging.Logger, lines: ShortLines) -> None:
    """Say every minute how far the running trainings are, until the process ends."""

    def report() -> None:
        while True:
            time.sleep(SECONDS_BETWEEN_REPORTS)
            new = lines.trainings()
            more = len(new) - MOST_TRAININGS
            for line in new[:MOST_TRAININGS] + ([f"and {more} more trainings"] if more > 0 else []):
                logger.info(f"{_now()} {line}")

    threading.Thread(target=report, daemon=True).start()


class _WithoutBlankLines(ColorizingTextHandler):
    """Snakemake writes a blank line before a job unless another job stands there."""

    def emit(self, record: logging.LogRecord) -> None:
        self.last_msg_was_job_info = True
        super().emit(record)


def _count(number: int, thing: str) -> str:
    return f"{number} {thing}{'' if number == 1 else 's'}"


def _title(rule: str, wildcards: Mapping | None) -> str:
    return f"{rule} {' '.join(f'{key}={value}' for key, value in (wildcards or {}).items())}".rstrip()


def _reason(text: str) -> str:
    """Snakemake's first reason without its files; the workflow's marker names what is stale."""
    stale = re.search(r"/\.stale/(\w+)", text)
    return f"stale: {stale[1]}" if stale else text.partition(";")[0].partition(":")[0].lower()


def _now() -> str:
    return time.strftime("[%H:%M:%S]")
