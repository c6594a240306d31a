"""What gates look at: a number for every run, mostly a column of the claim's own table.

Loss and course of the runs of the phases are read from the training curves (table fig_curves).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

import pandas as pd

from initscale.claims.cells import RUN_AXES
from initscale.claims.evidence import CURVES, Evidence
from initscale.claims.selection import select

Measure = Callable[[Evidence, dict], pd.DataFrame]
"""From the evidence, and the claim's conditions on rows, to a number for each run."""


def runs_of(rows: pd.DataFrame) -> pd.DataFrame:
    """The runs that rows belong to, one row each."""
    return rows[[axis for axis in RUN_AXES if axis in rows]].drop_duplicates()


class Unreadable(Exception):
    """A measure that the tables do not have."""


def _column(name: str) -> Measure:
    def read(evidence: Evidence, kind: dict) -> pd.DataFrame:
        if name not in evidence.table:
            raise Unreadable(f"the table has no {name.replace('_', ' ')} (made before there were gates)")
        return _with_value(select(evidence.table, kind, evidence.roles), name)

    return read


def _with_value(rows: pd.DataFrame, name: str) -> pd.DataFrame:
    axes = [axis for axis in RUN_AXES if axis in rows]
    return rows[axes].assign(value=pd.to_numeric(rows[name]))


def _last_of_curves(evidence: Evidence, name: str) -> pd.DataFrame:
    if evidence.curves is None:
        raise Unreadable(f"there is no table `{CURVES}`")
    axes = [axis for axis in RUN_AXES if axis in evidence.curves]
    return _with_value(evidence.curves.loc[evidence.curves.groupby(axes)["step"].idxmax()], name)


def _loss(evidence: Evidence, kind: dict) -> pd.DataFrame:
    return _column("loss")(evidence, kind) if "loss" in evidence.table else _last_of_curves(evidence, "loss")


def _seen(evidence: Evidence, kind: dict) -> pd.DataFrame:
    """Of the rows that the claim reads: in Fig 2 the best over rates and evaluations and the last one are two."""
    rows = evidence.table
    if "seen_accuracy" in rows:
        return _with_value(select(rows, kind, evidence.roles), "seen_accuracy")
    if "quantity" in rows and (rows["quantity"] == "accuracy").any():
        return _with_value(rows[(rows["quantity"] == "accuracy") & (rows["part"] == "test")], "value")
    return _last_of_curves(evidence, "seen")


def _change(evidence: Evidence, _: dict) -> pd.DataFrame:
    """Largest change of either answer over the last three evaluations."""
    if evidence.curves is None:
        raise Unreadable(f"there is no table `{CURVES}`")
    axes = [axis for axis in RUN_AXES if axis in evidence.curves]
    last = (
        evidence.curves.sort_values("step")
        .groupby(axes)[["symmetric", "inferential"]]
        .agg(lambda values: values.tail(3).max() - values.tail(3).min())
    )
    return last.max(axis=1).rename("value").reset_index()


def _in_distribution(evidence: Evidence, _: dict) -> pd.DataFrame:
    rows = evidence.table[evidence.table["source"] == "run"]
    return _with_value(rows[(rows["panel"] == "b") & (rows["group"] == "all")], "accuracy")


def _row_distance(evidence: Evidence, _: dict) -> pd.DataFrame:
    """Steps between two rows of the eigenvalues over time; of runs that are not followed, that of those that are."""
    steps = evidence.table.loc[evidence.table["quantity"] == "eigenvalue_at_step", "j"].drop_duplicates().sort_values()
    if len(steps) < 2:
        raise Unreadable("the table has no eigenvalues over time")
    return runs_of(evidence.table).assign(value=float(steps.diff().max()))


def _risen(evidence: Evidence, _: dict) -> pd.DataFrame:
    return _with_value(evidence.table[evidence.table["quantity"] == "risen"], "value")


def _at_last_epoch(quantity: str, group: str) -> Measure:
    """Of the table of a run that is replayed: its own number at its last epoch; a loss has no group."""

    def read(evidence: Evidence, _: dict) -> pd.DataFrame:
        of_group = evidence.table["group"].fillna("") == group
        rows = evidence.table[(evidence.table["quantity"] == quantity) & of_group]
        axes = [axis for axis in RUN_AXES if axis in rows]
        return _with_value(rows.loc[rows.groupby(axes)["epoch"].idxmax()], "ours")

    return read


def _logged(evidence: Evidence, kind: dict) -> pd.DataFrame:
    """Numbers of each run that its log has, too."""
    rows = select(evidence.table, kind, evidence.roles)
    axes = [axis for axis in RUN_AXES if axis in rows]
    both = (rows["ours"].notna() & rows["authors"].notna()).astype(int)
    return rows[axes].assign(value=both).groupby(axes, as_index=False)["value"].sum()


GATE_MEASURES: Mapping[str, Measure] = {
    "loss": _loss,
    "change": _change,
    "seen": _seen,
    "in_distribution": _in_distribution,
    "row_distance": _row_distance,
    "risen": _risen,
    "epoch_loss": _at_last_epoch("train_loss", ""),
    "epoch_seen": _at_last_epoch("accuracy", "test"),
    "logged": _logged,
    **{name: _column(name) for name in ("train_loss", "accuracy", "accuracy_own", "test_accuracy", "step")},
}
"""Measure -> function that gives it for every run: columns of ``RUN_AXES`` and ``value``."""
