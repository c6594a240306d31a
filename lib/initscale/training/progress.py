"""Progress of a training: a bar on a terminal, plain lines in a log."""

from __future__ import annotations

import logging
import sys
import time

from tqdm import tqdm

LOG = logging.getLogger("initscale")
_SECONDS_BETWEEN_LINES = 30.0


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
