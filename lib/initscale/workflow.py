"""What the scripts need to run as Snakemake jobs: a log with the traceback and one clear line for the user."""

from __future__ import annotations

import contextlib
import logging
import sys
import traceback
from collections.abc import Iterator
from pathlib import Path

from initscale.errors import InitscaleError

LOG = logging.getLogger("initscale")


@contextlib.contextmanager
def job(snakemake) -> Iterator[None]:
    """Run a script's body as a job of the workflow.

    Progress goes to the rule's log file. On an error the log gets the traceback, the terminal one message that
    names the rule, its wildcards and the log, and the process ends with the error's exit code.
    """
    path = Path(snakemake.log[0])
    path.parent.mkdir(parents=True, exist_ok=True)
    handler = logging.FileHandler(path, mode="w", encoding="utf-8")
    handler.setFormatter(logging.Formatter("%(asctime)s %(levelname)s %(message)s"))
    LOG.addHandler(handler)
    LOG.setLevel(logging.INFO)
    try:
        yield
    except Exception as error:
        handler.stream.write(traceback.format_exc())
        handler.flush()
        known = isinstance(error, InitscaleError)
        message = str(error) if known else f"{type(error).__name__}: {error}"
        wildcards = ", ".join(f"{key}={value}" for key, value in snakemake.wildcards.items())
        where = f"{snakemake.rule}{f' ({wildcards})' if wildcards else ''}"
        print(f"\n{where}: {message}\nLog with traceback: {path}\n", file=sys.stderr)
        sys.exit(error.exit_code if known else 1)
    finally:
        LOG.removeHandler(handler)
        handler.close()
