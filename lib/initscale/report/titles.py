"""What figures are called, read from the text of their modules: nothing is imported, since every job asks."""

from __future__ import annotations

import ast
import importlib.util
import re
from pathlib import Path

import pyarrow.parquet as pq

from initscale.files.parts import files_of
from initscale.report.committed import REPLAY

GROUPS = ("the paper", "replay", "beyond")
CATEGORIES = {
    "the paper": "Figures of the paper",
    "replay": "The authors' own run, replayed",
    "beyond": "Beyond the paper",
}


def title_of(folder: str, figure: str | None = None) -> tuple[str, str]:
    """Short label and title of a figure, from the first paragraph of its folder's module.

    A further figure of the same folder has its own name behind both.

    >>> title_of("fig2")[0]
    'Fig 2a,b'
    """
    behind_both = "" if figure in (None, folder) else f" ({figure})"
    text = " ".join(_docstring(folder).strip().split("\n\n")[0].split()).replace("`", "").removesuffix(".")
    before, _, behind = text.partition(": ")
    if before.startswith("Fig "):
        return f"{before}{behind_both}", _capital(behind)
    words = _capital(behind if before == folder else text)
    return f"{shortened(words)}{behind_both}", f"{words}{behind_both}"


def _capital(text: str) -> str:
    return text[:1].upper() + text[1:]


def shortened(title: str) -> str:
    """A title up to its first comma, colon, semicolon or remark in brackets.

    >>> shortened("Cosines of fused vectors v(x; a1), for two runs")
    'Cosines of fused vectors v(x; a1)'
    """
    inside = 0
    for place, sign in enumerate(title):
        inside += {"(": 1, ")": -1}.get(sign, 0)
        ends = title[place : place + 2] in (", ", "; ", ": ", " (")
        if ends and inside == 0:
            return title[:place]
    return title


def group_of(figure: str) -> str:
    """One of ``GROUPS``."""
    if figure == REPLAY:
        return "replay"
    return "the paper" if figure.removeprefix("fig")[:1].isdigit() else "beyond"


def caption_of(table: str) -> str:
    """Caption that a figure's table carries; empty where the table does not exist."""
    files = files_of(table)
    return (pq.read_schema(files[0]).metadata or {}).get(b"caption", b"").decode() if files else ""


def as_rst(text: str) -> str:
    """Plain text as reStructuredText shows it, for the captions of ``snakemake --report``."""
    return re.sub(r"([\\`*_|])", r"\\\1", text)


def rst_caption(table: str) -> str:
    """Caption of a figure's table as reStructuredText."""
    return as_rst(caption_of(table))


def _docstring(figure: str) -> str:
    spec = importlib.util.find_spec(f"initscale.figures.{figure}")
    return ast.get_docstring(ast.parse(Path(spec.origin).read_text(encoding="utf-8"))) or ""
