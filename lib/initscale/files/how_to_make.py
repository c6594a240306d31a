"""Which command makes a file of the results, from its path: a hint that can be copied."""

from __future__ import annotations

import re
from pathlib import PurePath

_COMMANDS = (
    (r"data/(?P<name>[^/]+)/.*", "generate-data"),
    (r"runs/(?P<name>[^/]+)/.*", "train"),
    (r"probes/(?P<name>[^/]+)/.*", "probe"),
    (r"systems/(?P<name>[^/]+)\.\w+", "simulate"),
    (r"tables/(?P<name>[^/]+)\.\w+", "aggregate"),
    (r"figures/(?P<name>[^/]+)\.\w+", "figure"),
    (r"scorecard\.\w+", "scorecard"),
    (r"report\.\w+", "report"),
)
_PATH = r"(?P<results>.+?)/(?P<scale>[a-z][\w-]*)/(?:reference/)?"


def command_for(path: str | PurePath) -> str | None:
    """The command that makes a file below a results folder; None for a file that no stage makes.

    >>> command_for("results/smoke/tables/fig2.parquet")
    'python -m initscale aggregate fig2 --scale smoke'
    """
    text = PurePath(path).as_posix()
    if "results/reference/" in text:
        return None
    for pattern, stage in _COMMANDS:
        if found := re.fullmatch(_PATH + pattern, text):
            words = ["python -m initscale", stage, *filter(None, [found.groupdict().get("name")])]
            words += ["--scale", found["scale"]]
            words += [] if found["results"] == "results" else ["--results", found["results"]]
            return " ".join(words)
    return None


def making_hint(path: str | PurePath) -> str | None:
    """What to do about a file that does not exist, or None."""
    command = command_for(path)
    return f"`{command}` (with the same `--set` options) makes it" if command else None


def remaking_hint(path: str | PurePath) -> str:
    """What to do about a damaged file."""
    command = command_for(path)
    if command is None:
        return "put the whole file there again"
    return f"delete it, then `{command}` (with the same `--set` options) makes it again; other results are kept"
