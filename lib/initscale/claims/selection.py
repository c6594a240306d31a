"""Rows of an aggregate table, chosen by conditions on its columns.

A condition is a value, a list of values, ``null``, ``smallest`` or ``largest`` (of the rows that fulfil the plain
conditions), or ``role:NAME``: one of the paper's gammas, mapped to the width of the claim's study
(``initscale.paper.mapping``), or ``role:lr`` and ``role:weight_decay``, the recipe's own. So a claim names no number
that differs between scales, and no option of a figure decides what it is about.
"""

from __future__ import annotations

import difflib
from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd

from initscale.errors import ConfigError
from initscale.experiment.grid import study_points
from initscale.paper.mapping import study_roles


class Unavailable(Exception):
    """The table cannot answer, for a reason that is no mistake: a run or a figure that this scale does not have."""


class ClaimError(ConfigError):
    """A claim asks for a column or a name that the table does not know."""


EXTREMES = ("smallest", "largest")
Roles = Mapping[str, float]


def roles_of(config: dict, study: str) -> dict[str, float]:
    """Roles of a study: gammas by its rule, and the recipe's own rate and weight decay.

    Where the study departs from its rule, and so has no run at a role's gamma, the end of its grid stands in: claims
    are not judged there (``initscale.claims.verdicts``), but their gates can be read.
    """
    section = config["studies"][study]
    recipe, roles = config["training"][section["training"]], study_roles(config, study)
    gammas = sorted(point["gamma"] for point in study_points(section))
    if "departs" in section:
        ends = dict.fromkeys(("very_large", "symmetric", "large"), gammas[0])
        roles = {role: gamma if gamma in gammas else ends.get(role, gammas[-1]) for role, gamma in roles.items()}
    return roles | {"lr": recipe["lr"], "weight_decay": recipe["weight_decay"]}


def need_columns(rows: pd.DataFrame, names) -> None:
    """Raise ``ClaimError`` for the first column that the table does not have."""
    for name in names:
        if name not in rows.columns:
            raise ClaimError(f"the table has no column `{name}` ({_nearest(name, rows.columns)})")


def select(rows: pd.DataFrame, where: Mapping[str, Any], roles: Roles) -> pd.DataFrame:
    """Rows that fulfil all conditions.

    Raises
    ------
    ClaimError for an unknown column, role or text; Unavailable where no row has a number.
    """
    need_columns(rows, where)
    plain = {column: value for column, value in where.items() if value not in EXTREMES}
    for column, value in plain.items():
        rows = _equal(rows, column, _resolved(value, roles))
    for column, value in where.items():
        if value in EXTREMES:
            end = rows[column].min() if value == "smallest" else rows[column].max()
            rows = rows[rows[column] == end]
    return rows


def _resolved(value: Any, roles: Roles) -> Any:
    if isinstance(value, list):
        return [_resolved(one, roles) for one in value]
    if isinstance(value, str) and value.startswith("role:"):
        name = value.removeprefix("role:")
        if name not in roles:
            raise ClaimError(f"`{name}` is not a role ({_nearest(name, roles)})")
        return roles[name]
    return value


def _equal(rows: pd.DataFrame, column: str, value: Any) -> pd.DataFrame:
    if value is None:
        return rows[rows[column].isna()]
    options, present = value if isinstance(value, list) else [value], rows[column].dropna().unique()
    matches = []
    for option in options:
        if isinstance(option, str):
            if option not in set(present) and column == "phase":
                raise Unavailable(f"no run is in the phase {option} ({phase_counts(rows)})")
            if option not in set(present) and column == "precision":
                raise Unavailable(f"no run has precision {option} (there are: {', '.join(sorted(present)) or 'none'})")
            if option not in set(present):
                raise ClaimError(f"no row has {column} = `{option}` ({_nearest(option, present)})")
            matches.append(rows[column] == option)
            continue
        match = np.isclose(rows[column].astype(float), option)
        if not match.any():
            shown = ", ".join(f"{one:g}" for one in sorted(present)) or "none"
            raise Unavailable(f"no run has {column} {option:g} (there are: {shown})")
        matches.append(match)
    return rows[np.logical_or.reduce(matches)]


def phase_counts(rows: pd.DataFrame) -> str:
    """How many runs are in which phase, in words."""
    axes = [axis for axis in ("gamma", "depth", "lr", "weight_decay", "seed") if axis in rows]
    counts = rows.drop_duplicates([*axes, "phase"])["phase"].value_counts()
    return ", ".join(f"{n} {phase}" for phase, n in counts.items()) or "there is no run"


def _nearest(name: str, present) -> str:
    names = [str(one) for one in present]
    close = difflib.get_close_matches(name, names, n=1, cutoff=0.5)
    return f"did you mean `{close[0]}`?" if close else f"known: {', '.join(names[:20]) or 'nothing'}"
