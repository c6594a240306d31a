"""What the scripts need to run as Snakemake jobs: a log with the traceback and one clear line for the user."""

from __future__ import annotations

import contextlib
import hashlib
import json
import logging
import os
import signal
import socket
import sys
import traceback
from collections.abc import Iterator
from pathlib import Path

from initscale.errors import InitscaleError, Interrupted, TrainingError
from initscale.experiment.paths import failed_file

LOG = logging.getLogger("initscale")
_NOT_REPEATED = " (another attempt would end in the same way and was not made)"


@contextlib.contextmanager
def job(snakemake) -> Iterator[None]:
    """Run a script's body as a job of the workflow.

    Progress goes to the rule's log file. On an error the log gets the traceback (an interruption has none: it is no
    fault), the terminal one message that names the rule, its wildcards and the log, and the process ends with the
    error's exit code. The same message stays in ``<log>.failed`` until the job is tried again, when it opens the new
    log (Snakemake deletes the old one).
    """
    path = Path(snakemake.log[0])
    attempt = int(snakemake.resources.get("attempt", 1))
    path.parent.mkdir(parents=True, exist_ok=True)
    handler = logging.FileHandler(path, mode="w", encoding="utf-8")
    handler.setFormatter(logging.Formatter("%(asctime)s %(levelname)s %(message)s"))
    LOG.addHandler(handler)
    LOG.setLevel(logging.INFO)
    identity = _identity(snakemake)
    earlier = _earlier_messages(failed_file(path), attempt, identity)
    for message in earlier:
        LOG.info("earlier: %s", message)
    LOG.info("attempt %d, %s", attempt, _place())
    try:
        _refuse_to_repeat(earlier)
        yield
    except Exception as error:
        if isinstance(error, Interrupted):  # SLURM repeats SIGTERM; the message must come first
            signal.signal(signal.SIGTERM, signal.SIG_IGN)
            LOG.info("interrupted: %s", error)
        else:
            handler.stream.write(traceback.format_exc())
            handler.flush()
        known = isinstance(error, InitscaleError)
        message = str(error) if known else f"{type(error).__name__}: {error}"
        code = error.exit_code if known else 1
        log = "Log" if isinstance(error, Interrupted) else "Log with traceback"
        text = f"{_title(snakemake)}: {message}\n{log}: {path} (attempt {attempt}, {_end(code)}, {_place()})"
        failed_file(path).write_text("\n\n".join([identity, *earlier, text]), encoding="utf-8")
        print(f"\n{text}\n", file=sys.stderr, flush=True)
        sys.exit(code)
    finally:
        LOG.removeHandler(handler)
        handler.close()


def failures(folder: str | Path, since: float) -> list[str]:
    """The last message of every job below a folder of logs that failed after a moment (seconds since the epoch)."""
    messages = []
    for path in sorted(Path(folder).rglob("*.failed")):
        with contextlib.suppress(FileNotFoundError):  # the next attempt has begun
            if path.stat().st_mtime >= since:
                messages.append(_messages(path)[-1])
    return messages


def _title(snakemake) -> str:
    wildcards = ", ".join(f"{key}={value}" for key, value in snakemake.wildcards.items())
    return f"{snakemake.rule}{f' ({wildcards})' if wildcards else ''}"


def _identity(snakemake) -> str:
    """What an attempt was made of: a changed setting or definition makes it another job, which may succeed."""
    text = json.dumps([sorted(dict(snakemake.params.items()).items())], sort_keys=True, default=str)
    return hashlib.sha256(text.encode()).hexdigest()


def _messages(failed: Path) -> list[str]:
    return failed.read_text(encoding="utf-8").split("\n\n")[1:]


def _end(code: int) -> str:
    return f"exit code {code}"


def _place() -> str:
    number = os.environ.get("SLURM_JOB_ID")
    return f"SLURM job {number} on {socket.gethostname()}" if number else f"process {os.getpid()}"


def _earlier_messages(failed: Path, attempt: int, identity: str) -> list[str]:
    """Why earlier attempts at the same job failed, in this call of the workflow or in a job that SLURM requeued."""
    text = failed.read_text(encoding="utf-8", errors="replace") if failed.exists() else ""
    messages = text.split("\n\n")[1:] if text.startswith(identity) else []
    failed.unlink(missing_ok=True)
    requeued = "SLURM_JOB_ID" in os.environ and messages and f"{_place()})" in messages[-1]
    return messages if attempt > 1 or requeued else []


def _refuse_to_repeat(earlier: list[str]) -> None:
    """A training that diverged would do so again: a further attempt stops at once instead of spending hours."""
    if earlier and f", {_end(TrainingError.exit_code)}, " in earlier[-1]:
        message, _, hint = earlier[-1].splitlines()[0].partition(": ")[2].partition(". Hint: ")
        raise TrainingError(f"{message.removesuffix(_NOT_REPEATED)}{_NOT_REPEATED}", hint=hint or None)
