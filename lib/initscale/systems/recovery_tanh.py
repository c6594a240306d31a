"""Narrow tanh networks from some samples, over the initialization (arXiv 2307.08921).

Question: as in ``recovery``. The target is a network of k tanh neurons, the model one of many more, without biases; the
optimistic sample size of the target is k (d + 1), its number of parameters. One row per training.
"""

from __future__ import annotations

from itertools import product

import numpy as np
import pandas as pd
import pyarrow as pa

from initscale.files.option_schema import integer, number, section, several
from initscale.files.tables import Column, make_table

COLUMNS = (
    Column("neurons", "int64", "1", "neurons k of the target"),
    Column("std", "float64", "1", "standard deviation of all weights at the start"),
    Column("samples", "int64", "samples", "training samples, a subset of those of the next larger number"),
    Column("seed", "int64", "", "trial: target, samples, direction of the start"),
    Column("optimistic", "int64", "samples", "k (d + 1)"),
    Column("fit_error", "float64", "1", "mean square error on the training samples"),
    Column("error", "float64", "1", "mean square error on new samples, relative to the target's mean square"),
    Column("rate", "float64", "1", "rate at the end: halved whenever a step raised the loss"),
)

_OPTIONS = {
    "dimension": integer("dimension d of the input, which is standard normal"),
    "width": integer("neurons of the model"),
    "neurons": several("neurons of the target; unit weights, outputs +1 or -1", integer("neurons")),
    "stds": several("standard deviations of the start", number("standard deviation")),
    "samples": several("numbers of training samples", integer("samples")),
    "trials": integer("targets for each setting"),
    "rate": number("rate of gradient descent on the mean square error"),
    "steps": integer("steps at most; a training ends earlier at rest"),
    "test_samples": integer("new samples that score a training"),
}
SCHEMA = section("narrow tanh networks from some samples", _OPTIONS)
_LOOK_EVERY = 200
_AT_REST = 1e-18


def simulate(options: dict) -> pa.Table:
    """Train every setting; see ``COLUMNS``."""
    frames = [_trainings(k, std, options) for k, std in product(options["neurons"], options["stds"])]
    rows = pd.concat(frames, ignore_index=True)
    return make_table(COLUMNS, {c.name: rows[c.name] for c in COLUMNS})


def network(inner: np.ndarray, outer: np.ndarray, x: np.ndarray) -> np.ndarray:
    """sum_j outer_j tanh(inner_j . x): inner (N, k, d), outer (N, k), x (N, n, d) -> (N, n)."""
    return (outer[:, None] @ np.tanh(inner @ x.transpose(0, 2, 1)))[:, 0]


def loss_and_gradient(inner: np.ndarray, outer: np.ndarray, x: np.ndarray, y: np.ndarray, weight: np.ndarray):
    """Weighted sum of the squared errors of N networks, and its derivatives with respect to ``inner`` and ``outer``.

    Shapes as in ``network``; y and weight (N, n). The weights of a mean are 1 / number of samples.
    """
    hidden = np.tanh(inner @ x.transpose(0, 2, 1))
    residual = (outer[:, None] @ hidden)[:, 0] - y
    signal = 2 * weight * residual
    slopes = outer[:, :, None] * (1 - hidden**2) * signal[:, None]
    return np.sum(weight * residual**2, axis=1), slopes @ x, (hidden @ signal[:, :, None])[..., 0]


def train(inner: np.ndarray, outer: np.ndarray, data: tuple, rate: float, steps: int):
    """Gradient descent for N networks at once; a step that raises a network's loss is undone and its rate halved.

    So a large start, where the loss is steep, descends as well as a small one.

    Returns
    -------
    ``inner`` and ``outer`` at the end, and the rates. Networks at rest are not followed on.
    """
    ends, moving = [inner.copy(), outer.copy(), np.full(len(inner), rate)], np.arange(len(inner))
    weights, rates = [inner, outer], ends[2].copy()
    loss, *gradient = loss_and_gradient(*weights, *data)
    for step in range(steps):
        trial = [w - rates.reshape(-1, *[1] * (w.ndim - 1)) * g for w, g in zip(weights, gradient, strict=True)]
        new_loss, *new_gradient = loss_and_gradient(*trial, *data)
        worse = ~(new_loss <= loss)
        if worse.any():
            rates[worse] /= 2
            for new, old in zip([new_loss, *trial, *new_gradient], [loss, *weights, *gradient], strict=True):
                new[worse] = old[worse]
        loss, weights, gradient = new_loss, trial, new_gradient
        if step % _LOOK_EVERY == _LOOK_EVERY - 1 or step == steps - 1:
            for end, value in zip(ends, [*weights, rates], strict=True):
                end[moving] = value
            going = loss > _AT_REST
            weights, gradient, data = ([value[going] for value in some] for some in (weights, gradient, data))
            loss, rates, moving = loss[going], rates[going], moving[going]
    return ends


def _trainings(neurons: int, std: float, options: dict) -> pd.DataFrame:
    """All trials and numbers of samples of one target size and deviation."""
    samples = np.array(options["samples"])
    problems = [_problem(neurons, seed, options) for seed in range(options["trials"])]
    parts = (np.repeat(np.stack(part), len(samples), axis=0) for part in zip(*problems, strict=True))
    x, y, test_x, test_y, inner, outer = parts
    used = np.tile(samples, options["trials"])
    weight = (np.arange(x.shape[1]) < used[:, None]) / used[:, None]
    inner, outer, rates = train(std * inner, std * outer, (x, y, weight), options["rate"], options["steps"])
    error = np.mean((network(inner, outer, test_x) - test_y) ** 2, axis=1) / np.mean(test_y**2, axis=1)
    seeds = np.repeat(np.arange(options["trials"]), len(samples))
    fit_error = loss_and_gradient(inner, outer, x, y, weight)[0]
    rows = pd.DataFrame({"seed": seeds, "samples": used, "error": error, "fit_error": fit_error, "rate": rates})
    return rows.assign(neurons=neurons, std=std, optimistic=neurons * (options["dimension"] + 1))


def _problem(neurons: int, seed: int, options: dict) -> tuple[np.ndarray, ...]:
    """Training and new samples with their targets, and the direction of the start."""
    from initscale.experiment.random_streams import stream

    dimension, width = options["dimension"], options["width"]
    draw = stream(seed, "target", neurons)
    inner, outer = draw.standard_normal((1, neurons, dimension)), np.sign(draw.standard_normal((1, neurons)))
    inner /= np.linalg.norm(inner, axis=2, keepdims=True)
    x = stream(seed, "samples").standard_normal((1, max(options["samples"]), dimension))
    test_x = stream(seed, "new samples").standard_normal((1, options["test_samples"], dimension))
    start = stream(seed, "start").standard_normal((width, dimension + 1))
    y, test_y = (network(inner, outer, points)[0] for points in (x, test_x))
    return x[0], y, test_x[0], test_y, start[:, :dimension], start[:, dimension]
