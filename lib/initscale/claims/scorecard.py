"""The scorecard: every claim with its verdict, as a table, as CSV and as Markdown."""

from __future__ import annotations

import math
from collections import Counter

import pandas as pd
import pyarrow as pa

from initscale.claims.definitions import Claim, Claims, load_claims
from initscale.claims.evidence import Tables, evidence_of, read_tables
from initscale.claims.fixed import fixed_hash
from initscale.claims.selection import Unavailable
from initscale.claims.verdicts import NOT_EVALUATED, VERDICTS, Judged, judge
from initscale.errors import InputError
from initscale.tables import Column, make_table

COLUMNS = (
    Column("claim", "string", "", "name in config/claims.yaml"),
    Column("figure", "string", "", "figure and panels of the paper, or text"),
    Column("statement", "string", "", "what the paper says"),
    Column("verdict", "string", "", "reproduced, not reproduced, inconclusive or not evaluated"),
    Column("reason", "string", "", "why it is not evaluated, with the value that failed; empty otherwise"),
    Column("gate", "string", "", "the gate that failed, or what the gates saw"),
    Column("beside", "string", "", "other readings of the claim, each with verdict, effect and interval"),
    Column("note", "string", "", "what else a reader must know"),
    Column("effect", "float64", "see unit", "the metric's value; nan if not evaluated"),
    Column("low", "float64", "see unit", "lower end of its interval"),
    Column("high", "float64", "see unit", "upper end of its interval"),
    Column("n", "int64", "replicates", "seeds or runs behind the effect; 0 if not evaluated"),
    Column("seeds", "int64", "seeds", "seeds that these replicates come from"),
    Column("p", "float64", "1", "p value of the sign or rank test; nan for a mean"),
    Column("direction", "string", "", "side of the threshold that the claim is on"),
    Column("threshold", "float64", "see unit", "fixed in config/claims.yaml"),
    Column("minimal_n", "int64", "replicates", "n below which the claim is not judged"),
    Column("unit", "string", "", "unit of effect, interval and threshold"),
    Column("test", "string", "", "how the interval is made"),
    Column("metric", "string", "", "function in initscale.claims.metrics"),
    Column("table", "string", "", "aggregate table it reads"),
    Column("paper", "string", "", "the paper's finding, with its values and their source"),
    Column("paper_values", "string", "", "what these values are; how each was read is in config/paper_values.csv"),
    Column("tolerance", "float64", "see unit", "difference of effects that `compare` lets pass"),
)
_MARKS = (
    "<!-- scorecard: made by `python -m initscale scorecard --readme`, do not edit -->",
    "<!-- end of scorecard -->",
)


def judge_all(config: dict, claims: Claims | None = None) -> list[Judged]:
    """Judge every claim on the tables of the configuration's scale and source.

    A table that does not exist is a reason not to judge; one that is damaged is an error.
    """
    claims = claims or load_claims()
    tables = read_tables(config, claims)
    return [_judged(config, claims, claim, tables) for claim in claims.claims]


def _judged(config: dict, claims: Claims, claim: Claim, tables: Tables) -> Judged:
    try:
        evidence = evidence_of(config, claim, tables)
    except Unavailable as error:
        return Judged(claim, NOT_EVALUATED, str(error), gate="table")
    return judge(claim, claims, evidence)


def scorecard_table(judged: list[Judged], claims: Claims, scale: str) -> pa.Table:
    """One row per claim; see ``COLUMNS``."""
    rows = [_row(one, claims) for one in judged]
    table = make_table(COLUMNS, {c.name: [row[c.name] for row in rows] for c in COLUMNS})
    fixed = fixed_hash(claims, scale)
    return table.replace_schema_metadata({"scale": scale, "caption": summary(table.to_pandas(), scale), "fixed": fixed})


def _row(judged: Judged, claims: Claims) -> dict:
    claim, found = judged.claim, judged.estimate
    nan = float("nan")
    numbers = {name: getattr(found, name) if found else nan for name in ("effect", "low", "high", "p")}
    shared = ("figure", "statement", "direction", "threshold", "minimal_n", "unit", "test", "metric", "table")
    return {
        "claim": claim.name,
        **{name: getattr(claim, name) for name in (*shared, "tolerance")},
        **{name: getattr(judged, name) for name in ("verdict", "reason", "note", "gate")},
        "beside": "; ".join(f"{name}: {_short(other)}" for name, other in (judged.beside or {}).items()),
        **numbers,
        "n": found.n if found else 0,
        "seeds": judged.seeds,
        **_paper(claim, claims),
    }


def _short(judged: Judged) -> str:
    """Verdict of another reading, with its effect or the reason."""
    return f"{judged.verdict} ({effect_text(judged.estimate) if judged.estimate else judged.reason})"


def _paper(claim: Claim, claims: Claims) -> dict[str, str]:
    values = [claims.values[name] for name in claim.quoted]
    sources = dict.fromkeys(value.source for value in values)
    short = [f"{', '.join(f'{v.value:g}' for v in values if v.source == source)} [{source}]" for source in sources]
    whole = [f"{v.quantity}{f' ({v.setting})' if v.setting else ''}: {v.value:g} {v.unit}" for v in values]
    return {
        "paper": f"{claim.paper['words']}{': ' if short else ''}{'; '.join(short)}",
        "paper_values": "; ".join(whole),
    }


def summary(rows: pd.DataFrame, scale: str) -> str:
    """Share of claims that were judged, and how they came out."""
    counts = Counter(rows["verdict"])
    judged = len(rows) - counts[NOT_EVALUATED]
    words = ", ".join(f"{counts[name]} {name}" for name in VERDICTS if name != NOT_EVALUATED)
    return f"Scale `{scale}`: {judged} of {len(rows)} claims judged ({judged / len(rows):.0%}): {words}."


def number(value: float) -> str:
    """Two decimals, or three significant digits for large numbers; never minus zero."""
    if math.isnan(value):
        return ""
    return f"{round(value, 2) + 0.0:.2f}" if abs(value) < 100 else f"{value:.3g}"


def effect_text(row) -> str:
    """Effect and interval of a row, empty if not evaluated."""
    return "" if math.isnan(row.effect) else f"{number(row.effect)} [{number(row.low)}, {number(row.high)}]"


def count_text(row) -> str:
    """n of a row, with the seeds where several replicates share one."""
    return f"{row.n} ({row.seeds} seeds)" if row.seeds < row.n else str(row.n)


def criterion(row) -> str:
    """Threshold of a row in words."""
    return f"{'≥' if row.direction == 'above' else '≤'} {row.threshold:g} {row.unit}"


def as_markdown(table: pa.Table) -> str:
    """The whole scorecard as Markdown: the judged claims, then the others by reason."""
    rows = table.to_pandas()
    judged = rows[rows["verdict"] != NOT_EVALUATED]
    scale, fixed = (table.schema.metadata[name].decode() for name in (b"scale", b"fixed"))
    lines = [summary(rows, scale), "", f"Roles, gates, thresholds and grid, fixed before the runs: `{fixed}`.", ""]
    if len(judged):
        lines += ["| fig | claim | verdict | ours [interval] | n | asked | paper |", "|---|---|---|---|---|---|---|"]
    for row in judged.itertuples():
        found = (f"**{row.verdict}**", effect_text(row), count_text(row))
        cells = (row.figure, row.statement, *found, criterion(row), row.paper)
        lines.append("| " + " | ".join(str(cell).replace("|", "\\|") for cell in cells) + " |")
    others = rows[rows["verdict"] == NOT_EVALUATED]
    if len(others):
        lines += ["", "Not evaluated:", ""]
    for reason, group in others.groupby("reason", sort=False):
        names = ", ".join(f"{row.figure} (`{row.claim}`)" for row in group.itertuples())
        lines.append(f"* {reason}: {names}")
    return "\n".join(lines) + "\n"


def into_readme(text: str, markdown: str) -> str:
    """The README's text with the part between its markers replaced.

    Raises
    ------
    InputError if the markers are not there exactly once.
    """
    start, end = _MARKS
    if text.count(start) != 1 or text.count(end) != 1:
        raise InputError(
            "needs the two markers of the scorecard, once each", where="README.md", hint=f"{start} ... {end}"
        )
    head, tail = text.split(start)[0], text.split(end)[1]
    return f"{head}{start}\n{markdown}{end}{tail}"
