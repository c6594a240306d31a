"""Progress of a training: a bar on a terminal, plain lines in a log, and those lines read again."""

from __future__ import annotations

import logging
import re
import sys
import time
from dataclasses import dataclass

from tqdm import tqdm

LOG = logging.getLogger("initscale")
_SECONDS_BETWEEN_LINES = 30.0
_LINE = re.compile(r"(\S[^:\n]*): step (\d+) of (\d+), loss (\S+), \S+ steps/s, (\d+) s left$", re.MULTILINE)


def duration(seconds: float) -> str:
    """A time in the unit that matters.

    >>> [duration(seconds) for seconds in (8.2, 129, 12266)]
    ['8 s', '2 min', '3.4 h']
    """
    if seconds < 90:
        return f"{seconds:.0f} s"
    return f"{seconds / 60:.0f} min" if seconds < 5400 else f"{seconds / 3600:.1f} h"


@dataclass(frozen=True)
class ProgressLine:
    """How far a training was when it wrote a line: steps, mean loss since the line before, seconds left."""

    title: str
    step: int
    total: int
    loss: float
    seconds_left: int

    def __str__(self) -> str:
        left = duration(self.seconds_left)
        return f"{self.title}: step {self.step:,} of {self.total:,}, loss {self.loss:.3g}, {left} left"


def newest_lines(log: str) -> list[ProgressLine]:
    """The newest line of every training in the text of a log."""
    newest = {}
    for title, step, total, loss, seconds in _LINE.findall(log):
        title = title.rpartition(" INFO ")[2]
        newest[title] = ProgressLine(title, int(step), int(total), float(loss), int(seconds))
    return list(newest.values())


class Progress:
    """Show steps done, steps per second and time left.

    Parameters
    ----------
    title : what is trained.
    total, done : steps in all and at the start.
    """

    def __init__(self, title: str, total: int, done: int):
        self.title, self.total, self.done, self.first = title, total, done, done
        self.started = self.last_line = time.monotonic()
        self.bar = None
        if sys.stderr.isatty():
            self.bar = tqdm(total=total, initial=done, desc=title, unit="step", dynamic_ncols=True, mininterval=0.5)
        LOG.info("%s: step %d of %d", title, done, total)

    def update(self, step: int, row: dict | None) -> None:
        """Report that ``step`` steps are done; ``row`` is the newest row of the history, if it is new."""
        if self.bar is not None:
            self.bar.update(step - self.done)
            if row:
                self.bar.set_postfix(loss=f"{row['loss']:.3g}")
        self.done = step
        now = time.monotonic()
        if row and now - self.last_line > _SECONDS_BETWEEN_LINES:
            self.last_line = now
            rate = (step - self.first) / (now - self.started)
            LOG.info(
                "%s: step %d of %d, loss %.4g, %.2f steps/s, %.0f s left",
                *(self.title, step, self.total, row["loss"], rate, (self.total - step) / rate),
            )

    def close(self) -> None:
        """Finish the bar."""
        if self.bar is not None:
            self.bar.close()
