"""Gates: conditions that the runs behind a claim must meet before it is judged.

A gate looks at a measure (``initscale.claims.gate_measures``) of every run that the claim compares. A gate that fails,
or cannot be read, is the reason not to judge; it never counts against the paper.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

import pandas as pd

from initscale.claims.cells import RUN_AXES
from initscale.claims.definitions import Claim, Gate, Need
from initscale.claims.evidence import Evidence
from initscale.claims.gate_measures import GATE_MEASURES, Unreadable, runs_of
from initscale.claims.selection import Roles, Unavailable, phase_counts, select

SHARE = 0.8
"""Of the runs, which must pass a gate that asks for most of them."""


@dataclass(frozen=True)
class Checked:
    """Outcome of a gate: what it saw, and the runs that are left out."""

    gate: str
    passed: bool
    message: str
    left_out: pd.DataFrame | None = None


def arms(claim: Claim, rows: pd.DataFrame, roles: Roles) -> dict[str, pd.DataFrame]:
    """Rows of the runs that a claim compares, by arm; of a claim about one setting, one arm without a name."""
    options = claim.options
    where = options.get("where", {})
    if claim.metric == "by_phase":
        chosen = select(rows, where, roles)
        return {side: chosen[chosen["phase"] == options[side]] for side in ("high", "low")}
    if "high" in options:
        parts = [options[part] for part in ("first", "then") if part in options] or [{}]
        return {
            side: pd.concat([select(rows, where | part | options[side], roles) for part in parts])
            for side in ("high", "low")
        }
    if "inside" in options:
        places = {"inside": options["inside"]} | {f"outside {i}": p for i, p in enumerate(options["outside"], start=1)}
        return {name: select(rows, where | place, roles) for name, place in places.items()}
    return {"": select(rows, where, roles)}


def check(need: Need, claim: Claim, evidence: Evidence) -> Checked:
    """Check one gate of a claim.

    Raises
    ------
    Unavailable where the claim's runs do not exist.
    """
    gate = need.gate
    if gate.measure == "parameters":
        return _checked(gate, float(evidence.parameters or math.nan), "")
    try:
        values = GATE_MEASURES[gate.measure](evidence, _kind(claim))
    except Unreadable as error:
        return Checked(gate.name, False, f"{gate.message}, or it cannot be told: {error}")
    compared = arms(claim, evidence.rows, evidence.roles)
    everywhere = {name: _measured(runs_of(rows), values) for name, rows in compared.items()}
    if not any(map(len, everywhere.values())):
        raise Unavailable(_no_run(evidence.rows))
    if gate.of == "better":
        return _better_arm(gate, everywhere)
    runs = pd.concat(everywhere.values(), ignore_index=True).drop_duplicates()
    if need.where is None:
        return _every_run(gate, runs)
    rows = select(evidence.rows, claim.options.get("where", {}) | need.where, evidence.roles)
    return _with_the_others(gate, _every_run(gate, _measured(runs_of(rows), values)), runs)


def check_all(need: Need, claim: Claim, evidence: Evidence) -> str:
    """What a gate says of the runs of a claim's table, where none of them is what the claim asks for.

    Returns
    -------
    Why they fail, if all of them do; otherwise empty, because then it is the missing run that stops the claim.
    """
    gate, kind = need.gate, {column: value for column, value in _kind(claim).items() if column != "phase"}
    if gate.measure == "parameters":
        checked = _checked(gate, float(evidence.parameters or math.nan), "")
        return "" if checked.passed else checked.message
    try:
        values = GATE_MEASURES[gate.measure](evidence, kind)
        runs = _measured(runs_of(select(evidence.rows, kind, evidence.roles)), values).dropna(subset="value")
    except (Unreadable, Unavailable):
        return ""
    hopeless = len(runs) and not any(passes(gate, value) for value in runs["value"])
    return _every_run(gate, runs).message if hopeless else ""


def without(rows: pd.DataFrame, runs: pd.DataFrame | None) -> pd.DataFrame:
    """Rows of a table without those of some runs."""
    if runs is None or runs.empty:
        return rows
    keys = runs.drop(columns="value")
    return rows[~_matches(rows, keys)]


def _better_arm(gate: Gate, arms: dict[str, pd.DataFrame]) -> Checked:
    """Gate on the larger of the arms' means; it cannot be told where a run has no value."""
    unknown = [rows[rows["value"].isna()] for rows in arms.values()]
    if any(map(len, unknown)):
        return _cannot_be_told(gate, pd.concat(unknown))
    return _checked(gate, max(rows["value"].mean() for rows in arms.values() if len(rows)), "mean of the better arm")


def _with_the_others(gate: Gate, checked: Checked, runs: pd.DataFrame) -> Checked:
    """The outcome of a gate that looks at some runs of a claim, and how many of all of them do not pass it."""
    failed = sum(not passes(gate, value) for value in runs["value"])
    if not checked.passed or not failed:
        return checked
    words = f"{checked.message} at the settings that the gate looks at; {failed} of all {len(runs)} runs fail it"
    return replace(checked, message=words)


def _cannot_be_told(gate: Gate, unknown: pd.DataFrame) -> Checked:
    words = f"{gate.message}, or it cannot be told: no {gate.measure} of {_run_text(unknown)}"
    return Checked(gate.name, False, words)


def _every_run(gate: Gate, runs: pd.DataFrame) -> Checked:
    unknown = runs["value"].isna()
    if unknown.any():
        return _cannot_be_told(gate, runs[unknown])
    good = runs["value"].map(lambda value: passes(gate, value))
    if good.all() or (gate.runs == "most" and good.mean() >= SHARE):
        what = "left out" if gate.leave_out else "not"
        note = f" ({(~good).sum()} of {len(runs)} runs {what})" if not good.all() else ""
        message = f"{_bound(gate, _worst(gate, runs[good])['value'], True)}{note}"
        return Checked(gate.name, True, message, runs[~good] if gate.leave_out else None)
    worst = _worst(gate, runs)
    share = f"{(~good).sum()} of {len(runs)} run(s)"
    message = f"{gate.message}: {_bound(gate, worst['value'], False)} ({_run_text(worst.to_frame().T)}; {share})"
    return Checked(gate.name, False, message)


def _checked(gate: Gate, value: float, whose: str) -> Checked:
    passed = passes(gate, value)
    bound = _bound(gate, value, passed) + (f" ({whose})" if whose else "")
    return Checked(gate.name, passed, bound if passed else f"{gate.message}: {bound}")


def passes(gate: Gate, value: float) -> bool:
    """Whether a value is on the right side of a gate."""
    if gate.at_most is not None:
        return value <= gate.at_most
    return gate.at_least is not None and value >= gate.at_least


def _bound(gate: Gate, value: float, passed: bool) -> str:
    """``loss 0.43 > 0.05``."""
    upper = gate.at_most is not None
    sign = {(True, True): "≤", (True, False): ">", (False, True): "≥", (False, False): "<"}[upper, passed]
    return f"{gate.measure.replace('_', ' ')} {value:.4g} {sign} {gate.at_most if upper else gate.at_least:g}"


def _worst(gate: Gate, runs: pd.DataFrame) -> pd.Series:
    return runs.loc[
        runs["value"].astype(float).idxmax() if gate.at_most is not None else runs["value"].astype(float).idxmin()
    ]


def _run_text(runs: pd.DataFrame) -> str:
    """The first of these runs in words."""
    axes = {
        axis: runs.iloc[0][axis] for axis in ("gamma", "depth", "size", "lr", "weight_decay", "seed") if axis in runs
    }
    return ", ".join(f"{axis.replace('_', ' ')} {value:g}" for axis, value in axes.items() if pd.notna(value))


def _no_run(rows: pd.DataFrame) -> str:
    if "phase" in rows:
        return f"no run is in either phase ({phase_counts(rows)})"
    return "no run fulfils all conditions"


def _measured(runs: pd.DataFrame, values: pd.DataFrame) -> pd.DataFrame:
    axes = [axis for axis in runs if axis in values]
    return runs.merge(values.groupby(axes, as_index=False)["value"].mean(), on=axes, how="left")


def _matches(rows: pd.DataFrame, runs: pd.DataFrame) -> pd.Series:
    axes = [axis for axis in runs if axis in rows and axis in RUN_AXES]
    keys = set(map(tuple, runs[axes].to_numpy().tolist()))
    return pd.Series([tuple(values) in keys for values in rows[axes].to_numpy().tolist()], index=rows.index)


def _kind(claim: Claim) -> dict:
    """Conditions of a claim that say which rows it reads, not which runs."""
    return {column: value for column, value in claim.options.get("where", {}).items() if column not in RUN_AXES}
