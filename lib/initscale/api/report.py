"""What an initialization did, as a table."""

from __future__ import annotations

from typing import NamedTuple

import pandas as pd


class InitRow(NamedTuple):
    """One parameter: std before and after (root mean square), and a note or why it was left alone."""

    name: str
    layer: str
    shape: tuple[int, ...]
    d_in: int | None
    gamma: float | None
    std_before: float
    std_after: float
    note: str

    @property
    def is_drawn(self) -> bool:
        """Whether it was (or would be) drawn."""
        return self.gamma is not None


class InitReport(NamedTuple):
    """Every parameter of a module in its own order; ``str`` is a table."""

    rows: tuple[InitRow, ...]
    is_dry_run: bool = False

    def __str__(self) -> str:
        head = ("parameter", "layer", "shape", "d_in", "gamma", "std before", "std after", "")
        lines = [head, *map(_texts, self.rows)]
        widths = [max(map(len, column)) for column in zip(*lines, strict=True)]
        texts = ["  ".join(map(str.ljust, line, widths)).rstrip() for line in lines]
        drawn = sum(row.is_drawn for row in self.rows)
        verb = "would be drawn" if self.is_dry_run else "drawn"
        return "\n".join([*texts, f"{drawn} of {len(self.rows)} {verb}, the others left alone"])

    def to_frame(self) -> pd.DataFrame:
        """The same as a data frame."""
        return pd.DataFrame(self.rows)


def _texts(row: InitRow) -> tuple[str, ...]:
    shape = " x ".join(map(str, row.shape))
    scale = ("" if row.d_in is None else str(row.d_in), "" if row.gamma is None else f"{row.gamma:g}")
    stds = (f"{row.std_before:.4g}", f"{row.std_after:.4g}")
    return row.name, row.layer, shape, *scale, *stds, row.note if row.is_drawn else f"left alone: {row.note}"
