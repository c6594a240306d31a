"""docs/scorecard.md and README's counts: the verdicts of every judged scale, from the committed tables."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping

import pandas as pd
import pyarrow as pa

from initscale.claims.markdown import as_markdown, markdown_table
from initscale.claims.texts import count_text, effect_text, singles_text
from initscale.claims.verdicts import NOT_EVALUATED, VERDICTS

_JUDGED = [name for name in VERDICTS if name != NOT_EVALUATED]
_NO_TABLES = "no tables committed"
_MISSING = "No tables are committed. `snakemake --cores 8 scorecard --config scale={}` makes them and judges them.\n"
_HEAD = """# Scorecard

Made from the committed tables (`results/reference/`) by `python -m initscale scorecard --docs`. Do not edit.

Every row is one claim of the paper. Each scale has its verdict, then the effect with its 95 % interval, then n, the
number of independent seeds, and these one by one where they lie apart. *Not evaluated* means that a condition of the
claim is not met. The word behind it names the condition (the gate), and each scale's list below the table has the value
that failed. [claims.md](claims.md) explains verdicts, roles and gates.
"""


def counts_table(cards: Mapping[str, pa.Table | None]) -> str:
    """How many claims came out, scale by scale."""
    rows = []
    for scale, card in cards.items():
        if card is None:
            rows.append((f"`{scale}`", _NO_TABLES, *[""] * len(_JUDGED)))
            continue
        counts = Counter(card["verdict"].to_pylist())
        judged = f"{len(card) - counts[NOT_EVALUATED]} of {len(card)}"
        rows.append((f"`{scale}`", judged, *(str(counts[name]) for name in _JUDGED)))
    return markdown_table(("scale", "claims judged", *_JUDGED), rows)


def scorecard_page(cards: Mapping[str, pa.Table | None]) -> str:
    """The whole page: counts, all claims with the scales side by side, then each scale in detail."""
    frames = {scale: card.to_pandas().set_index("claim") for scale, card in cards.items() if card is not None}
    first = next(iter(frames.values()))
    rows = [
        (row.figure, row.statement, *(_cell(frames.get(scale), claim) for scale in cards), row.paper)
        for claim, row in zip(first.index, first.itertuples(), strict=True)
    ]
    parts = [_HEAD, counts_table(cards), markdown_table(("fig", "claim", *cards, "the paper's finding"), rows)]
    for scale, card in cards.items():
        text = _MISSING.format(scale) if card is None else as_markdown(card)
        parts.append(f"## Scale `{scale}`\n\n{text}")
    return "\n".join(parts)


def _cell(frame: pd.DataFrame | None, claim: str) -> str:
    if frame is None:
        return "no tables"
    row = frame.loc[claim]
    if row.verdict == NOT_EVALUATED:
        return f"{NOT_EVALUATED}: {row.gate}"
    facts = (f"**{row.verdict}**", effect_text(row), f"n = {count_text(row)}", singles_text(row))
    return ", ".join(filter(None, facts))
