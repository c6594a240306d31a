"""Errors meant for the user: one message that says what is wrong, where, and what to do about it."""

from __future__ import annotations


class InitscaleError(Exception):
    """An error whose message is complete for a reader who does not know the code.

    Parameters
    ----------
    what : what is wrong, naming the offending value and what would be allowed.
    where : the config key, file or run it was found in.
    hint : what to do next; if left out, what usually helps with errors of this kind.
    """

    exit_code = 1
    usual_hint = "the log has the details; `python -m initscale status` says what is done and what is missing"

    def __init__(self, what: str, *, where: str | None = None, hint: str | None = None):
        self.what, self.where, self.hint = what, where, hint
        super().__init__(str(self))

    def __str__(self) -> str:
        message = f"{self.where}: {self.what}" if self.where else self.what
        return f"{message}. Hint: {self.hint or self.usual_hint}"

    def __reduce__(self):
        return _rebuild, (type(self), self.what, self.where, self.hint)


def _rebuild(cls, what, where, hint):
    return cls(what, where=where, hint=hint)


class ConfigError(InitscaleError):
    """The configuration is refused; nothing was computed."""

    exit_code = 2
    usual_hint = "`python -m initscale config` prints the configuration, and config/schema/ describes every key"


class InputError(InitscaleError):
    """A file that a stage needs is missing, damaged or not what it should be."""

    exit_code = 3


class OutputError(InitscaleError):
    """A result could not be written (no room, no permission, a file in the way)."""

    exit_code = 4


class TrainingError(InitscaleError):
    """A training cannot go on, for instance because its loss is not finite."""

    exit_code = 5


class Interrupted(InitscaleError):
    """A signal asked the stage to stop; what was computed is kept."""

    exit_code = 75  # EX_TEMPFAIL: running the same command again continues
