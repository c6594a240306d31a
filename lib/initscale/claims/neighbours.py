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


def neighbours(claim: Claim, claims: Claims, evidence: Evidence) -> dict[float, Judged]:
    """Gamma -> the claim judged there, for the next smaller and larger gamma that the table has.

    Of claims about one gamma; empty for others, and where there is no table.
    """
    roles = sorted(_roles_in(claim.options))
    if len(roles) != 1 or evidence.rows is None or roles[0] not in evidence.roles:
        return {}
    (role,), gamma = roles, evidence.roles[roles[0]]
    return {
        other: judge(claim, claims, replace(evidence, roles={**evidence.roles, role: other}))
        for other in _next_to(gamma, _gammas(claim, evidence))
    }


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
