"""The history of a run: one row per evaluation, and the rule that ends a run early."""

from __future__ import annotations

from collections.abc import Sequence

import pyarrow as pa

from initscale.files.tables import Column, make_table
from initscale.training.recipe import EarlyStopping

FIXED = (
    Column("step", "int64", "steps", "updates made so far"),
    Column("epoch", "float64", "epochs", "passes over the training data so far"),
    Column("lr", "float64", "1", "learning rate of the last update (0 before the first)"),
    Column("loss", "float64", "nats", "mean training loss since the row before (first row: nan)"),
    Column("grad_norm", "float64", "1", "mean gradient norm before clipping since the row before (first row: nan)"),
    Column("max_loss", "float64", "nats", "largest loss of a batch since the row before (first row: nan)"),
    Column("max_grad_norm", "float64", "1", "largest gradient norm before clipping since then (first row: nan)"),
    Column("weight_norm", "float64", "1", "Euclidean norm of all trained parameters"),
    Column("embedding_norm", "float64", "1", "Frobenius norm of the item embeddings"),
)


def history_columns(scores: Sequence[str]) -> tuple[Column, ...]:
    """Columns of history.parquet; ``scores`` are the names of the ``acc_`` and ``loss_`` columns."""
    return (*FIXED, *(_score_column(*name.split("_", 1)) for name in scores))


def _score_column(kind: str, group: str) -> Column:
    unit, words = {"acc": ("share", "accuracy"), "loss": ("nats", "mean loss of a scored token")}[kind]
    return Column(f"{kind}_{group}", "float64", unit, f"{words} on the group `{group}`")


def history_table(rows: list[dict]) -> pa.Table:
    """Rows as an Arrow table; ``embedding_eigenvalues`` is a list column, largest first."""
    columns = history_columns([name for name in rows[0] if name.startswith(("acc_", "loss_"))])
    table = make_table(columns, {c.name: [row[c.name] for row in rows] for c in columns})
    meaning = "eigenvalues of the covariance of the item embeddings, largest first (Fig 12)"
    field = pa.field("embedding_eigenvalues", pa.list_(pa.float32()), metadata={"unit": "1", "meaning": meaning})
    return table.append_column(field, pa.array([row[field.name] for row in rows], field.type))


def stops_early(rows: list[dict], rule: EarlyStopping | None) -> bool:
    """Whether the last rows are all below the rule's loss and no accuracy moved by more than its change."""
    if rule is None or len(rows) < rule.evaluations:
        return False
    last = rows[-rule.evaluations :]
    if not all(row["loss"] < rule.loss for row in last):  # nan compares as false
        return False
    accuracies = [name for name in last[0] if name.startswith("acc_")]
    spread = (max(row[n] for row in last) - min(row[n] for row in last) for n in accuracies)
    return all(change <= rule.change for change in spread if change == change)
