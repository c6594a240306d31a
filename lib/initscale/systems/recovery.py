"""Low-rank matrices from some of their entries, over the initialization (arXiv 2307.08921, 2211.11623).

Question: does the scale of the initialization decide how many samples a model with too many parameters needs to find
its target? A d x d matrix of rank r is fitted by A B with A and B of full width. Its optimistic sample size is
2 r d - r^2, the number of its degrees of freedom. One row per fit.
"""

from __future__ import annotations

from itertools import product

import numpy as np
import pandas as pd
import pyarrow as pa

from initscale.files.option_schema import integer, number, section, several
from initscale.files.tables import Column, make_table

ENTRIES = ("best_case", "random")
COLUMNS = (
    Column("rank", "int64", "1", "rank r of the target"),
    Column("entries", "string", "", "which are known first: best_case, those of r rows and r columns; random"),
    Column("std", "float64", "1", "standard deviation of the factors' entries at the start"),
    Column("samples", "int64", "entries", "known entries, a subset of those of the next larger number"),
    Column("seed", "int64", "", "trial: target, order of the entries, direction of the start"),
    Column("optimistic", "int64", "entries", "2 r d - r^2"),
    Column("fit_error", "float64", "1", "mean square error of the known entries; that of the target is 1"),
    Column("error", "float64", "1", "mean square error of all entries; infinite if the fit diverged"),
    Column("fitted", "bool", "", "fit_error is below the threshold"),
    Column("recovered", "bool", "", "error is below the threshold"),
)

_OPTIONS = {
    "size": integer("rows and columns d of the matrix", minimum=2),
    "ranks": several("ranks of the target", integer("rank")),
    "entries": several("which entries are known first", {"enum": list(ENTRIES)}),
    "stds": several("standard deviations of the start", number("standard deviation")),
    "trials": integer("targets for each setting"),
    "rate": number("rate of gradient descent on half the sum of the squared errors"),
    "steps": integer("steps at most; a fit ends earlier at rest"),
    "threshold": number("mean square error below which a matrix counts as found"),
}
SCHEMA = section("low-rank matrices from some of their entries", _OPTIONS)
_LOOK_EVERY = 200
_AT_REST = 1e-20


def simulate(options: dict) -> pa.Table:
    """Fit every setting; see ``COLUMNS``."""
    frames = [
        _fits(rank, entries, std, options)
        for rank, entries, std in product(options["ranks"], options["entries"], options["stds"])
    ]
    rows = pd.concat(frames, ignore_index=True)
    return make_table(COLUMNS, {c.name: rows[c.name] for c in COLUMNS})


def optimistic_size(size: int, rank: int) -> int:
    """Degrees of freedom of a size x size matrix of this rank: no smaller sample can determine it."""
    return 2 * rank * size - rank**2


def draw_problem(size: int, rank: int, entries: str, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """A target (size, size) with mean square 1, and the numbers of its entries in the order in which they are known."""
    from initscale.experiment.random_streams import stream

    normal = stream(seed, "target", rank).standard_normal((2, size, rank))
    target = normal[0] @ normal[1].T
    order = stream(seed, "order").permutation(size**2)
    if entries == "best_case":
        cross = np.zeros((size, size), dtype=bool)
        lines = stream(seed, "lines").permuted(np.tile(np.arange(size), (2, 1)), axis=1)[:, :rank]
        cross[lines[0]] = cross[:, lines[1]] = True
        order = order[np.argsort(~cross.ravel()[order], kind="stable")]
    return target / np.sqrt(np.mean(target**2)), order


def fit(target: np.ndarray, known: np.ndarray, left: np.ndarray, right: np.ndarray, rate: float, steps: int):
    """Gradient descent on half the sum of the squared errors of the known entries, for N fits at once.

    Parameters
    ----------
    target, known : (N, d, d); known is 1 where an entry is, else 0.
    left, right : the factors at the start, (N, d, d).

    Returns
    -------
    The fitted products, (N, d, d). Fits at rest and diverged ones are not followed on.
    """
    left, right, moving = left.copy(), right.copy(), np.arange(len(target))
    a, b = left, right
    for step in range(steps):
        residual = (a @ b - target[moving]) * known[moving]
        a, b = a - rate * residual @ b.transpose(0, 2, 1), b - rate * a.transpose(0, 2, 1) @ residual
        if step % _LOOK_EVERY == _LOOK_EVERY - 1 or step == steps - 1:
            left[moving], right[moving] = a, b
            loss = np.sum(((a @ b - target[moving]) * known[moving]) ** 2, axis=(1, 2))
            going = np.isfinite(loss) & (loss > _AT_REST)
            a, b, moving = a[going], b[going], moving[going]
    return left @ right


def _fits(rank: int, entries: str, std: float, options: dict) -> pd.DataFrame:
    """All trials and numbers of samples of one rank, order and deviation."""
    from initscale.experiment.random_streams import stream

    size = options["size"]
    shape = (options["trials"], size**2, size, size)
    target, known, starts = np.empty(shape), np.empty(shape), np.empty((2, *shape))
    for seed in range(options["trials"]):
        target[seed], order = draw_problem(size, rank, entries, seed)
        known[seed] = (np.argsort(order) < np.arange(1, size**2 + 1)[:, None]).reshape(shape[1:])
        starts[:, seed] = std * stream(seed, "start").standard_normal((2, 1, size, size))
    target, known, left, right = (array.reshape(-1, size, size) for array in (target, known, *starts))
    with np.errstate(over="ignore", invalid="ignore"):
        squares = (fit(target, known, left, right, options["rate"], options["steps"]) - target) ** 2
    squares = np.where(np.isfinite(squares), squares, np.inf)
    seeds, samples = np.divmod(np.arange(len(target)), size**2)
    rows = pd.DataFrame({"seed": seeds, "samples": samples + 1, "error": squares.mean(axis=(1, 2))})
    rows["fit_error"] = np.where(known > 0, squares, 0).sum(axis=(1, 2)) / rows["samples"]
    rows["fitted"], rows["recovered"] = (rows[name] < options["threshold"] for name in ("fit_error", "error"))
    return rows.assign(rank=rank, entries=entries, std=std, optimistic=optimistic_size(size, rank))
