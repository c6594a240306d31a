"""The paper's own effect beside ours, in our unit."""

from __future__ import annotations

import math

from initscale.claims.definitions import Claim, Claims

UNITS = {"percent": 0.01}
"""Factor that turns a published unit into ours, where they differ."""


def paper_effect(claim: Claim, claims: Claims) -> float:
    """Mean of the paper's values, less that of ``minus``, or over those of ``over``; nan where it gives no numbers."""
    paper = claim.paper
    if not paper.get("values"):
        return math.nan
    values, minus, over = ([_value(claims, name) for name in paper.get(key, ())] for key in ("values", "minus", "over"))
    if over:
        return math.exp(sum(math.log(a / b) for a, b in zip(values, over, strict=True)) / len(values))
    effect = sum(values) / len(values) - (sum(minus) / len(minus) if minus else 0.0)
    return effect * paper.get("times", 1.0)


def _value(claims: Claims, name: str) -> float:
    value = claims.values[name]
    return value.value * UNITS.get(value.unit, 1.0)


def course(effect: float, threshold: float, direction: str, neutral: float | None) -> str:
    """``as claimed``, ``weaker`` or ``opposite``; a level has no opposite.

    >>> [course(effect, 0.5, "above", 0.0) for effect in (0.7, 0.2, -0.1)]
    ['as claimed', 'weaker', 'opposite']
    >>> course(1.3, 0.8, "below", 1.0)
    'opposite'
    """
    sign = 1 if direction == "above" else -1
    if sign * (effect - threshold) >= 0:
        return "as claimed"
    return "weaker" if neutral is None or sign * (effect - neutral) > 0 else "opposite"
