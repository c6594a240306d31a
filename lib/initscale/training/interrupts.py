"""Stopping between two steps: signals set a flag, the training looks at it and saves.

SIGURG is the warning before the end of a cluster job's time: unlike other signals it is ignored by every program that
does not ask for it, so the shells and the workflow around a training live on.
"""

from __future__ import annotations

import contextlib
import signal
import threading
from collections.abc import Iterator

SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGURG)


class StopRequest:
    """Whether, and by which signal, the training was asked to stop."""

    def __init__(self) -> None:
        self.signal_name: str | None = None

    def __bool__(self) -> bool:
        return self.signal_name is not None


@contextlib.contextmanager
def catch_signals() -> Iterator[StopRequest]:
    """Catch SIGINT, SIGTERM and SIGURG inside the block; a second SIGINT acts as it would without us.

    A second SIGTERM does nothing: SLURM repeats it (scancel and srun both send one), and it must not end a training
    that is saving. What has to end at once gets SIGKILL.

    Outside the main thread no handler can be set; then nothing is caught.
    """
    request = StopRequest()
    if threading.current_thread() is not threading.main_thread():
        yield request
        return
    before = {number: signal.getsignal(number) for number in SIGNALS}

    def handle(number, _frame):
        request.signal_name = signal.Signals(number).name
        signal.signal(signal.SIGINT, before[signal.SIGINT])

    for number in SIGNALS:
        signal.signal(number, handle)
    try:
        yield request
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
