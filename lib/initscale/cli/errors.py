"""Errors of the command line: one line each, on the terminal, with an exit code; tracebacks go to a file."""

from __future__ import annotations

import argparse
import contextlib
import os
import sys
import tempfile
import traceback
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import NoReturn

from initscale.errors import ConfigError, InitscaleError, OutputError
from initscale.files.schema import nearest
from initscale.files.yaml_files import COMMAND_LINE


@dataclass
class End:
    """Exit code of a command."""

    code: int = 0


class Parser(argparse.ArgumentParser):
    """A parser whose errors are those of the program."""

    def error(self, message: str) -> NoReturn:
        """Raise ``ConfigError``."""
        hint = f"`python -m {self.prog} --help` shows what is known"
        raise ConfigError(" ".join(message.split()), where=COMMAND_LINE, hint=hint)


@contextlib.contextmanager
def one_line_errors() -> Iterator[End]:
    """Say what went wrong in one line and set the exit code; a fault of the program leaves its traceback in a file."""
    end = End()
    try:
        _take_any_text()
        yield end
        sys.stdout.flush()
    except InitscaleError as error:
        end.code = _say(error)
    except KeyboardInterrupt:
        print("error: interrupted. Hint: the same command goes on with what is missing", file=sys.stderr)
        end.code = 130
    except BrokenPipeError:  # the reader, such as `head`, has seen enough
        with contextlib.suppress(OSError, ValueError):
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        end.code = 141
    except OSError as error:
        what = f"the system refuses ({error.strerror or error})"
        hint = "check that the path is what you meant, its permissions and the free space"
        end.code = _say(OutputError(what, where=str(error.filename or "standard output"), hint=hint))
    except Exception as error:
        print(f"error: {_in_one_line(f'{type(error).__name__}: {error}')}. {_traceback_file()}", file=sys.stderr)
        end.code = 70  # EX_SOFTWARE


def _say(error: InitscaleError) -> int:
    print(f"error: {_in_one_line(str(error))}", file=sys.stderr)
    return error.exit_code


def _in_one_line(text: str) -> str:
    return " ".join(text.split())


def _take_any_text() -> None:
    """A terminal that knows ASCII only gets `?` for other letters, and no error."""
    for stream in (sys.stdout, sys.stderr):
        with contextlib.suppress(AttributeError, ValueError):
            stream.reconfigure(errors="replace")


def _traceback_file() -> str:
    """Keep the traceback of a fault of the program in a file; say where."""
    words, text = "Hint: this is a fault of the program; please report it", traceback.format_exc()
    try:
        options = {"prefix": "initscale-", "suffix": ".log", "delete": False, "encoding": "utf-8"}
        with tempfile.NamedTemporaryFile("w", **options) as stream:
            stream.write(text)
    except OSError:
        return f"{words} (its traceback could not be kept: {_in_one_line(text)[-500:]})"
    return f"{words} with {stream.name}"


def known(name: str, section: Iterable[str], kind: str) -> None:
    """Raise ``ConfigError`` unless ``section`` has the name."""
    names = sorted(key for key in section if key != "style")
    if name not in names:
        message = f"`{name}` is not a known {kind} (known: {', '.join(names)})"
        raise ConfigError(message, where=COMMAND_LINE, hint=nearest(name, names))


def need_runs(config: dict) -> None:
    """Raise ``ConfigError`` if the configuration reads the committed tables, behind which there are no runs here."""
    if config["source"] == "reference":
        raise ConfigError(
            "`reference` has tables only, and this command is about runs",
            where="config key `source`",
            hint="leave `--source reference` away; `figure`, `scorecard` and `report` go with it",
        )


def positive(text: str) -> float:
    """A number of the command line that must be above 0."""
    number = float(text)
    if not 0 < number < float("inf"):
        raise argparse.ArgumentTypeError(f"{text} is not above 0")
    return number
