"""Readers: from the rows of an aggregate table to the cells of a claim, one for each kind of comparison."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pandas as pd

from initscale.claims.cells import REPLICATE, Cells, cells, chosen_rows, shared_axes
from initscale.claims.selection import ClaimError, Roles, Unavailable, need_columns, select

Options = Mapping[str, Any]


def read_level(rows: pd.DataFrame, options: Options, roles: Roles) -> Cells:
    """One arm."""
    return cells({"": chosen_rows(rows, options, roles)}, options["value"])


def read_sides(rows: pd.DataFrame, options: Options, roles: Roles) -> Cells:
    """Arms ``high`` and ``low`` (conditions); parts: the axes of runs that both share."""
    sides = {side: chosen_rows(rows, options, roles, (), options[side]) for side in ("high", "low")}
    if sides["high"].index.equals(sides["low"].index):
        single = ", ".join(f"{column} {sides['high'][column].iloc[0]}" for column in options["high"])
        raise Unavailable(f"nothing to compare with, all runs have {single}")
    return cells(sides, options["value"], shared_axes(list(sides.values())))


def read_interaction(rows: pd.DataFrame, options: Options, roles: Roles) -> Cells:
    """Arms ``high`` and ``low`` at ``first`` and at ``then``."""
    frames = {
        (part, side): chosen_rows(rows, options, roles, (), options[part] | options[side]).assign(_place=part)
        for part in ("first", "then")
        for side in ("high", "low")
    }
    return cells(frames, options["value"], ["_place"])


def read_ratio(rows: pd.DataFrame, options: Options, roles: Roles) -> Cells:
    """Arms ``high`` and ``low``; parts: the values of the column ``over``."""
    over = options["over"]
    sides = {side: chosen_rows(rows, options, roles, (over,), options[side]) for side in ("high", "low")}
    return cells(sides, options["value"], [over])


def read_peak(rows: pd.DataFrame, options: Options, roles: Roles) -> Cells:
    """Arms: the place ``inside``, and each of ``outside``."""
    places = {"inside": options["inside"]} | {f"outside {n}": p for n, p in enumerate(options["outside"], start=1)}
    return cells({name: chosen_rows(rows, options, roles, (), p) for name, p in places.items()}, options["value"])


def read_along(rows: pd.DataFrame, options: Options, roles: Roles) -> Cells:
    """Arms: the values of the column ``along``; parts: those of the columns ``within``."""
    along, within = options["along"], options.get("within", [])
    chosen = chosen_rows(rows, options, roles, (along, *within))
    frames = dict(sorted(chosen.astype({along: float}).groupby(along)))
    return cells(frames, options["value"], within)


def read_wins(rows: pd.DataFrame, options: Options, roles: Roles) -> Cells:
    """Arms: the scores ``first`` and ``second``, over what uniform attention has; parts: runs."""
    need_columns(rows, ("score", "value", *REPLICATE))
    names, uniform = (options["first"], options["second"]), options.get("uniform", {})
    chosen = select(rows, {**options.get("where", {}), "score": list(names)}, roles)
    frames = {
        name: chosen[chosen["score"] == name].assign(
            value=lambda part, name=name: part["value"] / uniform.get(name, 1.0)
        )
        for name in names
    }
    return cells(frames, "value", REPLICATE)


def read_last(rows: pd.DataFrame, options: Options, roles: Roles) -> Cells:
    """The value of one run at its last epoch."""
    chosen = chosen_rows(rows, {**options, "where": {**options["where"], "epoch": "largest"}}, roles, ("epoch",))
    if len(chosen) != 1:
        raise ClaimError(f"the conditions leave {len(chosen)} rows, and the claim is about the number of one run")
    return cells({"": chosen}, options["value"])


def read_log(rows: pd.DataFrame, options: Options, roles: Roles) -> Cells:
    """Arms: one run, and the log of the same run; parts: its first epochs, all of which both must have."""
    chosen = chosen_rows(rows, options, roles, ("epoch", options["log"]))
    both = chosen[chosen["epoch"] < options["epochs"]].dropna(subset=[options["value"], options["log"]])
    if len(both) != options["epochs"]:
        raise Unavailable(f"run and log share {len(both)} of the first {options['epochs']} epochs")
    frames = {name: both.assign(value=both[options[name]].astype(float)) for name in ("value", "log")}
    return cells(frames, "value", ["epoch"])


def read_phases(rows: pd.DataFrame, options: Options, roles: Roles) -> Cells:
    """Arms: runs of the phases ``high`` and ``low``; parts: the values of the columns ``within``.

    With parts a run counts with its rank among the runs of both phases in its part, and parts with one phase are left
    out.
    """
    within = options.get("within", [])
    chosen = chosen_rows(rows, options, roles, ("phase", *REPLICATE))
    chosen = chosen[chosen["phase"].isin([options["high"], options["low"]])].astype({"value": float})
    runs = chosen.groupby([*REPLICATE, "phase"], as_index=False)["value"].mean()
    if within:
        groups = runs.groupby(within)
        runs = runs.assign(value=groups["value"].rank(pct=True))[groups["phase"].transform("nunique") == 2]
    return cells({options[side]: runs[runs["phase"] == options[side]] for side in ("high", "low")}, "value", within)
