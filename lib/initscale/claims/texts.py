"""Rows of a scorecard in words."""

from __future__ import annotations

import math

SPREAD = 0.3
"""Range of single seeds from which they are shown beside their mean: a mean of two kinds of runs is no run."""


def number(value: float) -> str:
    """Two decimals, or three significant digits for large numbers; never minus zero."""
    if math.isnan(value):
        return ""
    return f"{round(value, 2) + 0.0:.2f}" if abs(value) < 100 else f"{value:.3g}"


def effect_text(row) -> str:
    """Effect and interval of a row, empty if not evaluated; the number of one run has no interval."""
    if not math.isnan(row.effect) and math.isnan(row.low):
        return f"{row.effect:.2g}"
    return "" if math.isnan(row.effect) else f"{number(row.effect)} [{number(row.low)}, {number(row.high)}]"


def count_text(row) -> str:
    """n of a row, with the runs where several share a seed."""
    return f"{row.n} ({row.runs} runs)" if row.runs > row.n else str(row.n)


def criterion(row) -> str:
    """Threshold of a row in words."""
    return f"{'≥' if row.direction == 'above' else '≤'} {row.threshold:g} {row.unit}"


def singles_text(row) -> str:
    """Single seeds of a mean where they lie far apart, otherwise empty."""
    if row.test != "mean" or not row.singles:
        return ""
    values = [float(value) for value in row.singles.split()]
    return f"seeds {row.singles}" if max(values) - min(values) >= SPREAD else ""


def paper_text(row) -> str:
    """The paper's effect and the ratio of ours to it; empty where it gives no number."""
    if math.isnan(row.paper_effect):
        return ""
    return f"effect {number(row.paper_effect)}" + ("" if math.isnan(row.ratio) else f", ours {number(row.ratio)} of it")
