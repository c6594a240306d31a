"""Metrics: from the rows of an aggregate table to one number per independent replicate.

Each is a small pure function, registered by name with the test that fits what it returns:

mean   one number per seed: other runs of a seed are averaged first, because they are not independent of each other
share  one truth value per run
rank   one number per run, in two groups of runs

In the last two, runs that differ in their rates only (one gamma, depth and seed) are averaged first. Runs of one seed
at different gamma stay apart, although they share the direction of their initial weights and the order of their
batches; so beside n stands the number of seeds.

Common options: ``value`` (column), ``where`` (conditions, see ``selection``).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from scipy.stats import spearmanr

from initscale.claims.selection import Roles, Unavailable, need_columns, select

RUN_AXES = ("gamma", "depth", "lr", "weight_decay", "seed")
REPLICATE = ["gamma", "depth", "seed"]


@dataclass(frozen=True)
class Sample:
    """Replicates of a metric: one array, or two for a comparison of groups.

    ``undefined`` were left out; ``seeds`` is the number of seeds in each group where these are not the replicates.
    """

    groups: tuple[np.ndarray, ...]
    undefined: int = 0
    seeds: tuple[int, ...] = ()


@dataclass(frozen=True)
class Metric:
    """A registered metric: the function, the test that fits it and its options."""

    function: Callable[[pd.DataFrame, Mapping[str, Any], Roles], Sample]
    test: str
    required: tuple[str, ...]
    options: tuple[str, ...]


METRICS: dict[str, Metric] = {}


def metric(test: str, required: tuple[str, ...], optional: tuple[str, ...] = ("where",)):
    """Register a function under its own name."""

    def register(function):
        METRICS[function.__name__] = Metric(function, test, required, (*required, *optional))
        return function

    return register


@metric("mean", ("value",))
def level(rows: pd.DataFrame, options: Mapping, roles: Roles) -> Sample:
    """Mean of ``value``, for each seed."""
    return _sample(_by_seed(rows, options, roles))


@metric("mean", ("value", "high", "low"))
def difference(rows: pd.DataFrame, options: Mapping, roles: Roles) -> Sample:
    """Mean of ``value`` at ``high`` minus mean at ``low`` (conditions), for each seed that has both."""
    return _sample(_paired(*_sides(rows, options, roles, options), np.subtract))


@metric("mean", ("value", "high", "low", "over"))
def ratio(rows: pd.DataFrame, options: Mapping, roles: Roles) -> Sample:
    """Geometric mean over the values of the column ``over`` of ``value`` at ``high`` over that at ``low``, by seed."""
    chosen, plain = _chosen(rows, options, roles, (options["over"],)), {"value": options["value"]}
    parts = {}
    for part, some in chosen.groupby(options["over"]):
        try:
            parts[part] = _paired(*_sides(some, plain, roles, options), lambda a, b: np.log(a / b))
        except Unavailable:  # a part that only other runs have, such as the third layer
            continue
    if not parts:
        raise Unavailable("no part has both runs")
    return _sample(np.exp(pd.DataFrame(parts).mean(axis=1)))


@metric("mean", ("value", "inside", "outside"))
def peak(rows: pd.DataFrame, options: Mapping, roles: Roles) -> Sample:
    """Mean of ``value`` at ``inside`` minus the largest of those at ``outside`` (a list of conditions), by seed."""
    inside = _by_seed(rows, options, roles, options["inside"])
    outside = pd.DataFrame([_by_seed(rows, options, roles, place) for place in options["outside"]]).max()
    return _sample(_paired(inside, outside, np.subtract))


@metric("mean", ("value", "high", "low", "first", "then"))
def interaction(rows: pd.DataFrame, options: Mapping, roles: Roles) -> Sample:
    """Difference of ``value`` between ``high`` and ``low`` at ``first`` minus that at ``then``, by seed."""
    gaps = []
    for part in ("first", "then"):
        sides = (_by_seed(rows, options, roles, options[part] | options[side]) for side in ("high", "low"))
        gaps.append(_paired(*sides, np.subtract))
    return _sample(_paired(*gaps, np.subtract))


@metric("mean", ("value", "along"))
def peak_ratio(rows: pd.DataFrame, options: Mapping, roles: Roles) -> Sample:
    """Largest ``value`` between the ends of the column ``along`` over the larger of the two at its ends, by seed."""
    along, value = options["along"], options["value"]
    chosen = _chosen(rows, options, roles, (along,))
    wide = chosen.pivot_table(index="seed", columns=along, values=value, aggfunc="mean").dropna()
    if wide.shape[1] < 3 or wide.empty:
        raise Unavailable(f"fewer than three values of {along} with a number")
    return _sample(wide.iloc[:, 1:-1].max(axis=1) / wide.iloc[:, [0, -1]].max(axis=1))


@metric("mean", ("value", "along"), ("where", "within"))
def trend(rows: pd.DataFrame, options: Mapping, roles: Roles) -> Sample:
    """Spearman's rank correlation of ``value`` with the column ``along``, for each seed.

    With ``within`` (a list of columns) it is taken inside each group of these and averaged.
    """
    within, along, value = options.get("within", []), options["along"], options["value"]
    chosen = _chosen(rows, options, roles, (along, *within))
    found: dict[int, list[float]] = {}
    for (seed, *_), group in chosen.groupby(["seed", *within]):
        means = group.groupby(along)[value].mean().dropna()
        if len(means) >= 3:
            found.setdefault(seed, []).append(_spearman(means))
    if not found:
        raise Unavailable(f"fewer than three values of {along}")
    return _sample(pd.Series({seed: np.mean(values) for seed, values in found.items()}))


@metric("share", ("first", "second"), ("where", "uniform"))
def wins(rows: pd.DataFrame, options: Mapping, roles: Roles) -> Sample:
    """Whether the score ``first`` is larger than ``second``, for each run.

    The table has a score's name in the column ``score`` and its value in ``value``. With ``uniform`` both scores are
    first divided by what uniform attention has.
    """
    names, uniform = (options["first"], options["second"]), options.get("uniform", {})
    need_columns(rows, ("score", "value", "seed"))
    chosen = select(rows, {**options.get("where", {}), "score": list(names)}, roles)
    axes = [axis for axis in RUN_AXES if axis in chosen.columns]
    scores = chosen.pivot_table(index=axes, columns="score", values="value", aggfunc="mean", dropna=False)
    both = scores[list(names)].groupby(REPLICATE).mean()
    known = both.dropna()
    first, second = (known[name] / uniform.get(name, 1.0) for name in names)
    return Sample(((first > second).to_numpy(),), len(both) - len(known), (_seeds(known),))


@metric("rank", ("where", "high", "low"), ("within",))
def by_phase(rows: pd.DataFrame, options: Mapping, roles: Roles) -> Sample:
    """``value`` of the runs of the phase ``high`` and of the phase ``low``, in a table with the column ``phase``.

    With ``within`` (a list of columns) a run counts with its rank among the runs of both phases in its group, and
    groups with one phase only are left out.
    """
    chosen = _chosen(rows, {**options, "value": "value"}, roles, ("phase", *REPLICATE))
    chosen = chosen[chosen["phase"].isin([options["high"], options["low"]])]
    if options.get("within"):
        groups = chosen.groupby(options["within"])
        chosen = chosen.assign(value=groups["value"].rank(pct=True))[groups["phase"].transform("nunique") == 2]
    return _groups([chosen[chosen["phase"] == options[side]].set_index(REPLICATE)["value"] for side in ("high", "low")])


def _groups(values: list[pd.Series]) -> Sample:
    """Two groups of runs, indexed by ``REPLICATE`` at least."""
    means = [group.astype(float).groupby(REPLICATE).mean() for group in values]
    known = [group.dropna() for group in means]
    undefined = sum(map(len, means)) - sum(map(len, known))
    return Sample(tuple(group.to_numpy() for group in known), undefined, tuple(map(_seeds, known)))


def _seeds(values: pd.Series | pd.DataFrame) -> int:
    return values.index.get_level_values("seed").nunique()


def _chosen(rows: pd.DataFrame, options: Mapping, roles: Roles, columns=(), place: Mapping | None = None):
    need_columns(rows, ("seed", options["value"], *columns))
    chosen = select(rows, {**options.get("where", {}), **(place or {})}, roles)
    if chosen.empty:
        raise Unavailable("no run fulfils all conditions")
    return chosen


def _by_seed(rows: pd.DataFrame, options: Mapping, roles: Roles, place: Mapping | None = None) -> pd.Series:
    return _seed_means(_chosen(rows, options, roles, (), place), options)


def _seed_means(chosen: pd.DataFrame, options: Mapping) -> pd.Series:
    return chosen.groupby("seed")[options["value"]].mean()


def _sides(rows: pd.DataFrame, options: Mapping, roles: Roles, places: Mapping) -> tuple[pd.Series, pd.Series]:
    """Values at the places ``high`` and ``low``, by seed; a scale with one depth has no smallest and largest one."""
    high, low = (_chosen(rows, options, roles, (), places[side]) for side in ("high", "low"))
    if high.index.equals(low.index):
        single = ", ".join(f"{column} {high[column].iloc[0]}" for column in places["high"])
        raise Unavailable(f"nothing to compare with, all runs have {single}")
    return _seed_means(high, options), _seed_means(low, options)


def _paired(first: pd.Series, second: pd.Series, operation) -> pd.Series:
    both = pd.concat([first, second], axis=1, join="inner")
    if both.empty:
        raise Unavailable("no seed has both runs")
    return operation(both.iloc[:, 0].astype(float), both.iloc[:, 1].astype(float))


def _spearman(means: pd.Series) -> float:
    constant = means.nunique() == 1
    return 0.0 if constant else float(spearmanr(means.index, means).statistic)  # no change is no trend


def _sample(values: pd.Series) -> Sample:
    numbers = values.to_numpy(dtype=float)
    known = numbers[np.isfinite(numbers)]
    return Sample((known,), len(numbers) - len(known))
