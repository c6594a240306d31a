"""The scorecard as Markdown, and a place for text that is made in pages that are written."""

from __future__ import annotations

import json
import math
from collections.abc import Iterable, Sequence

import pyarrow as pa

from initscale.claims.scorecard import summary
from initscale.claims.texts import count_text, criterion, effect_text, number, paper_text, singles_text
from initscale.claims.verdicts import NOT_EVALUATED
from initscale.errors import InputError

_MARKS = (
    "<!-- counts: made by `python -m initscale scorecard --docs`, do not edit -->",
    "<!-- end of counts -->",
)
_HEAD = (
    *("fig", "claim", "verdict", "ours [interval]", "n", "asked", "paper", "course", "Holm p", "shuffled"),
    *("seeds for 80 %", "gates"),
)


def as_markdown(table: pa.Table) -> str:
    """The whole scorecard: the judged claims, then the others by gate."""
    rows = table.to_pandas()
    judged, others = (rows[rows["verdict"] != NOT_EVALUATED], rows[rows["verdict"] == NOT_EVALUATED])
    metadata = {name.decode(): value.decode() for name, value in table.schema.metadata.items()}
    scale, words = metadata["scale"], [f"Intervals have a level of {json.loads(metadata['level']):.0%}."]
    if "fixed" in metadata:  # of the paper's claims; those of companions have no such hash
        words += [f"Hash of roles, gates, thresholds and grid: `{metadata['fixed']}`."]
        words += ["What was fixed when is in docs/claims.md."]
        words += [f"Claims added {when}: `{own}`." for when, own in json.loads(metadata["added"]).items()]
    lines = [summary(rows, scale), "", " ".join(words), ""]
    if len(judged):
        lines += [markdown_table(_HEAD, map(_cells, judged.itertuples())).rstrip()]
    if len(others):
        lines += ["", "Not evaluated, by the gate that failed:", ""]
    for (gate, reason), group in others.groupby(["gate", "reason"], sort=False):
        names = ", ".join(f"{row.figure} (`{row.claim}`)" for row in group.itertuples())
        lines.append(f"* **{gate}**, {reason}: {names}")
    return "\n".join(lines) + "\n"


def _cells(row) -> list[str]:
    readings = [f"by the last evaluation: {row.last}"] if row.last else []
    readings += [one.split(" (")[0] for one in row.neighbours.split("; ") if one]
    effect = "; ".join(filter(None, (effect_text(row), singles_text(row), row.note)))
    return [
        row.figure,
        row.statement,
        "; ".join([f"**{row.verdict}**", *readings]),
        effect,
        count_text(row),
        criterion(row),
        "; ".join(filter(None, (row.paper, paper_text(row)))),
        row.course,
        "" if math.isnan(row.holm) else f"{row.holm:.2g}",
        "" if math.isnan(row.shuffle_rate) else f"{row.shuffle_rate:.3g}",
        _seeds(row),
        row.gate,
    ]


def _seeds(row) -> str:
    if row.test == "run":
        return "one run"
    return "> 200" if math.isnan(row.seeds_needed) else number(row.seeds_needed).removesuffix(".00")


def markdown_table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """A table in Markdown."""
    return "\n".join([_line(head), _line(["---"] * len(head)), *map(_line, rows)]) + "\n"


def _line(values) -> str:
    return "| " + " | ".join(str(value).replace("|", "\\|") for value in values) + " |"


def mapping_markdown(rows: list[dict]) -> str:
    """Which gammas stand for the paper's, from ``initscale.paper.mapping.mapping_rows``."""
    head = ("study", "role", "rule", "paper's gamma", "gamma", "by the other rule", "decay x rate x steps", "paper's")
    lines = [_line(head), _line(["---"] * len(head))]
    for row in rows:
        exposures = ("" if row[key] is None else f"{row[key]:.3g}" for key in ("exposure", "paper_exposure"))
        gammas = (f"{row[key]:g}" for key in ("paper_gamma", "gamma", "other_gamma"))
        lines.append(_line([f"`{row['study']}`", row["role"], row["rule"], *gammas, *exposures]))
    return "\n".join(lines) + "\n"


def into_readme(text: str, markdown: str) -> str:
    """The README's text with the part between its markers replaced.

    Raises
    ------
    InputError if the markers are not there exactly once.
    """
    start, end = _MARKS
    if text.count(start) != 1 or text.count(end) != 1:
        raise InputError("needs the two markers of the counts, once each", where="README.md", hint=f"{start} ... {end}")
    head, tail = text.split(start)[0], text.split(end)[1]
    return f"{head}{start}\n{markdown}{end}{tail}"
