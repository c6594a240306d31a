"""Two scorecards side by side: own runs against the reference.

Runs on another processor differ by rounding at first and can end in another phase, so effects are compared within the
tolerance of each claim (config/claims.yaml), and not digit by digit.
"""

from __future__ import annotations

import pandas as pd
import pyarrow as pa

from initscale.claims.texts import effect_text
from initscale.claims.verdicts import NOT_EVALUATED

SAME, EFFECT, VERDICT = "same", "effect differs", "verdict differs"
ONE, NEITHER = "judged on one side only", "judged on neither side"


def compare(own: pa.Table, reference: pa.Table) -> pd.DataFrame:
    """One row per claim.

    Parameters
    ----------
    own, reference : scorecards, see ``initscale.claims.scorecard.COLUMNS``.

    Returns
    -------
    Columns claim, outcome (``SAME`` ...), own_verdict, reference_verdict, own_effect, reference_effect (texts), gap
    (absolute difference of the effects) and tolerance.
    """
    pairs = zip(own.to_pandas().itertuples(), reference.to_pandas().itertuples(), strict=True)
    return pd.DataFrame([_row(mine, theirs) for mine, theirs in pairs])


def _row(mine, theirs) -> dict:
    gap = abs(mine.effect - theirs.effect)
    return {
        "claim": mine.claim,
        "outcome": _outcome(mine, theirs, gap),
        "own_verdict": mine.verdict,
        "reference_verdict": theirs.verdict,
        "own_effect": effect_text(mine) or mine.reason,
        "reference_effect": effect_text(theirs) or theirs.reason,
        "gap": gap,
        "tolerance": mine.tolerance,
    }


def _outcome(mine, theirs, gap: float) -> str:
    missing = [row.verdict == NOT_EVALUATED for row in (mine, theirs)]
    if any(missing):
        return NEITHER if all(missing) else ONE
    if mine.verdict != theirs.verdict:
        return VERDICT
    return SAME if gap <= mine.tolerance else EFFECT


def words(rows: pd.DataFrame) -> list[str]:
    """Lines for the terminal: what differs first, then the counts."""
    lines = []
    for row in rows[rows["outcome"].isin([VERDICT, EFFECT, ONE])].itertuples():
        lines.append(f"{row.claim}: {row.outcome}")
        lines.append(f"  own        {row.own_verdict}: {row.own_effect}")
        lines.append(f"  reference  {row.reference_verdict}: {row.reference_effect}")
        if row.outcome == EFFECT:
            lines.append(f"  apart by {row.gap:.2f}, tolerance {row.tolerance:g}")
    counts = rows["outcome"].value_counts()
    lines.append(", ".join(f"{counts.get(name, 0)} {name}" for name in (SAME, EFFECT, VERDICT, ONE, NEITHER)))
    return lines
