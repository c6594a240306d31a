"""Cells: the numbers of a claim, each with its seed, its arm and its part, before any of them is compared.

An arm is what a claim compares: two conditions, the values of a column that it follows, two scores, two phases. A part
is what it compares within: a data size, a layer, the values of another column, a run. Seeds are never an arm. Every
metric is a function of such cells (``initscale.claims.metrics``), and a shuffle permutes values within a part
(``initscale.claims.noise``).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pandas as pd

from initscale.claims.selection import Roles, Unavailable, need_columns, select

RUN_AXES = ("study", "norm", "corpus", "precision", "gamma", "depth", "size", "lr", "weight_decay", "seed")
"""Columns that name a run."""
REPLICATE = ["gamma", "depth", "seed"]
"""Runs that agree in these and differ in their rates are one."""


@dataclass(frozen=True)
class Cells:
    """Numbers of a claim, all arrays of shape (n,).

    ``arm_n`` and ``part_n`` are indices; ``arms`` names the arms, numbers where they are the values of a column.
    """

    value_n: np.ndarray
    seed_n: np.ndarray
    arm_n: np.ndarray
    part_n: np.ndarray
    arms: tuple

    def grid(self) -> np.ndarray:
        """Means by seed, part and arm, shape (S, P, A); nan where there is no number."""
        seeds, row_n = np.unique(self.seed_n, return_inverse=True)
        shape = (len(seeds), int(self.part_n.max()) + 1, len(self.arms))
        place_n = np.ravel_multi_index((row_n, self.part_n, self.arm_n), shape)
        finite_n = np.isfinite(self.value_n)
        sums, counts = (
            np.bincount(place_n, weights=np.where(finite_n, weight_n, 0.0), minlength=np.prod(shape))
            for weight_n in (self.value_n, np.ones_like(self.value_n))
        )
        with np.errstate(invalid="ignore"):
            return (sums / np.where(counts, counts, np.nan)).reshape(shape)

    @property
    def seeds(self) -> np.ndarray:
        """Seeds in the order of the first axis of :meth:`grid`."""
        return np.unique(self.seed_n)

    def with_values(self, value_n: np.ndarray) -> Cells:
        """The same cells with other numbers."""
        return replace(self, value_n=value_n)


def chosen_rows(
    rows: pd.DataFrame,
    options: Mapping[str, Any],
    roles: Roles,
    columns: Sequence[str] = (),
    place: Mapping | None = None,
) -> pd.DataFrame:
    """Rows that fulfil the claim's conditions and those of a place.

    Raises
    ------
    ClaimError for an unknown column; Unavailable where there is no row.
    """
    need_columns(rows, ("seed", options.get("value", "value"), *columns))
    chosen = select(rows, {**options.get("where", {}), **(place or {})}, roles)
    if chosen.empty:
        raise Unavailable("no run fulfils all conditions")
    return chosen


def cells(frames: Mapping[Any, pd.DataFrame], value: str, parts: Sequence[str] = ()) -> Cells:
    """Cells of several arms.

    Parameters
    ----------
    frames : arm -> its rows.
    value : column of the numbers.
    parts : columns that make a part; without, there is one.
    """
    together = pd.concat([rows.assign(_arm=number) for number, rows in enumerate(frames.values())])
    part_n = together.groupby(list(parts), sort=True).ngroup().to_numpy() if parts else np.zeros(len(together), int)
    return Cells(
        together[value].to_numpy(dtype=float),
        together["seed"].to_numpy(dtype=float).astype(int),
        together["_arm"].to_numpy(),
        part_n,
        tuple(frames),
    )


def shared_axes(frames: Sequence[pd.DataFrame]) -> list[str]:
    """Axes of runs that have the same values in all frames, and more than one: what is compared within."""
    axes = [axis for axis in RUN_AXES if axis != "seed" and all(axis in frame for frame in frames)]
    values = {axis: [set(frame[axis].dropna()) for frame in frames] for axis in axes}
    return [axis for axis in axes if all(one == values[axis][0] for one in values[axis]) and len(values[axis][0]) > 1]
