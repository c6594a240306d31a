"""The verdict that a claim would have at the neighbouring gammas, so that one can see what hangs on the mapping."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pandas as pd

from initscale.claims.definitions import Claim, Claims
from initscale.claims.evidence import Evidence
from initscale.claims.selection import Unavailable, select
from initscale.claims.verdicts import Judged, judge

GAMMAS = ("very_large", "symmetric", "inferential", "large", "small")
"""Roles that are gammas."""


def neighbours(claim: Claim, claims: Claims, evidence: Evidence) -> dict[str, Judged]:
    """The claim judged at the next smaller and larger gamma that the table has, by gamma in words.

    Of a claim that compares gammas one is exchanged at a time. Empty where no gamma or no table is concerned.
    """
    roles = sorted(_roles_in(claim.options))
    if evidence.rows is None or not set(roles) <= set(evidence.roles):
        return {}
    gammas, found = _gammas(claim, evidence), {}
    for role in roles:
        own = [evidence.roles[name] for name in roles]
        for other in (gamma for gamma in _next_to(evidence.roles[role], gammas) if gamma not in own):
            words = f"gamma {other:g}" + (f" as {role.replace('_', ' ')}" if len(roles) > 1 else "")
            found[words] = judge(claim, claims, replace(evidence, roles={**evidence.roles, role: other}))
    return found


def _roles_in(options: Any) -> set[str]:
    """Gammas among the roles that occur in the options."""
    if isinstance(options, dict):
        return set().union(*map(_roles_in, options.values())) if options else set()
    if isinstance(options, list):
        return set().union(*map(_roles_in, options)) if options else set()
    name = options.removeprefix("role:") if isinstance(options, str) and options.startswith("role:") else ""
    return {name} & set(GAMMAS)


def _gammas(claim: Claim, evidence: Evidence) -> list[float]:
    """Gammas that the claim's rows have."""
    where = {column: value for column, value in claim.options.get("where", {}).items() if column != "gamma"}
    try:
        rows: pd.DataFrame = select(evidence.rows, where, evidence.roles)
    except Unavailable:
        return []
    return sorted(rows["gamma"].dropna().unique()) if "gamma" in rows else []


def _next_to(gamma: float, gammas: list[float]) -> list[float]:
    below = [other for other in gammas if other < gamma - 1e-9]
    above = [other for other in gammas if other > gamma + 1e-9]
    return [*below[-1:], *above[:1]]
