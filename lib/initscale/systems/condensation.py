"""Two-layer tanh networks at the beginning of a training, over the initialization (arXiv 2105.11686).

Question: does the scale of the initialization decide whether neurons gather in a few directions? A network
f(x) = sum_j a_j tanh(w_j . (x, 1)) learns sum_k 3.5 sin(5 x_k + 1) from few points, all weights normal with std
width^-gamma. For a small start the source predicts two directions, v and -v, for this activation. One row per weight.
"""

from __future__ import annotations

from itertools import product

import numpy as np
import pandas as pd
import pyarrow as pa

from initscale.files.option_schema import SEEDS, integer, number, section, several, tuple_of
from initscale.files.tables import Column, make_table

COLUMNS = (
    Column("gamma", "float64", "1", "initialization rate, std = width^-gamma"),
    Column("std", "float64", "1", "standard deviation of all weights at the start"),
    Column("seed", "int64", "", "seed of the points and of the start"),
    Column("loss_left", "float64", "share", "loss at the end over that at the start"),
    Column("neuron", "int64", "index", "neuron j"),
    Column("component", "int64", "index", "input weights from 0, then the bias; -1: the output weight a_j"),
    Column("value", "float64", "1", "the weight at the end"),
)
_OPTIONS = {
    "width": integer("neurons"),
    "dimension": integer("inputs"),
    "samples": integer("training points"),
    "box": tuple_of(
        "smallest and largest coordinate of the points", 2, {"type": "number", "description": "coordinate"}
    ),
    "gammas": several("initialization rates", {"type": "number", "description": "initialization rate"}),
    "seeds": SEEDS,
    "rate": number("rate of Adam"),
    "steps": integer("updates on all points"),
}
SCHEMA = section("two-layer tanh networks at the beginning of a training", _OPTIONS)
_BETAS, _EPS = (0.9, 0.999), 1e-30


def simulate(options: dict) -> pa.Table:
    """Train a network for every gamma and seed; see ``COLUMNS``."""
    runs = list(product(options["gammas"], options["seeds"]))
    x_Rnd, y_Rn = (np.stack(part) for part in zip(*(points(seed, options) for _, seed in runs), strict=True))
    start = [np.stack(part) for part in zip(*(_start(*run, options) for run in runs), strict=True)]
    end = adam(*start, x_Rnd, y_Rn, options["rate"], options["steps"])
    left_R = loss(*end, x_Rnd, y_Rn) / loss(*start, x_Rnd, y_Rn)
    frames = [_rows(options["width"], run, *some) for run, *some in zip(runs, *end, left_R, strict=True)]
    rows = pd.concat(frames, ignore_index=True)
    return make_table(COLUMNS, {c.name: rows[c.name] for c in COLUMNS})


def points(seed: int, options: dict) -> tuple[np.ndarray, np.ndarray]:
    """Training points with a 1 behind (n, d + 1), and what is to be learned (n,)."""
    from initscale.experiment.random_streams import stream

    low, high = options["box"]
    x_nd = stream(seed, "points").uniform(low, high, (options["samples"], options["dimension"]))
    return np.concatenate([x_nd, np.ones((len(x_nd), 1))], axis=1), (3.5 * np.sin(5 * x_nd + 1)).sum(axis=1)


def network(w_Rjd: np.ndarray, a_Rj: np.ndarray, x_Rnd: np.ndarray) -> np.ndarray:
    """Outputs of R networks, (R, n)."""
    return (np.tanh(x_Rnd @ w_Rjd.transpose(0, 2, 1)) @ a_Rj[:, :, None])[..., 0]


def loss(w_Rjd: np.ndarray, a_Rj: np.ndarray, x_Rnd: np.ndarray, y_Rn: np.ndarray) -> np.ndarray:
    """Half the mean squared error of each network, (R,)."""
    return 0.5 * np.mean((network(w_Rjd, a_Rj, x_Rnd) - y_Rn) ** 2, axis=1)


def gradients(w_Rjd: np.ndarray, a_Rj: np.ndarray, x_Rnd: np.ndarray, y_Rn: np.ndarray) -> list[np.ndarray]:
    """Derivatives of the losses with respect to both layers."""
    hidden_Rnj = np.tanh(x_Rnd @ w_Rjd.transpose(0, 2, 1))
    error_Rn = ((hidden_Rnj @ a_Rj[:, :, None])[..., 0] - y_Rn) / y_Rn.shape[1]
    signal_Rnj = error_Rn[:, :, None] * (1 - hidden_Rnj**2) * a_Rj[:, None]
    return [signal_Rnj.transpose(0, 2, 1) @ x_Rnd, (hidden_Rnj * error_Rn[:, :, None]).sum(axis=1)]


def adam(w_Rjd: np.ndarray, a_Rj: np.ndarray, x_Rnd: np.ndarray, y_Rn: np.ndarray, rate: float, steps: int) -> list:
    """Both layers after Adam on all points."""
    weights, (first, second) = [w_Rjd.copy(), a_Rj.copy()], _BETAS
    moments = [[np.zeros_like(weight) for weight in weights] for _ in range(2)]
    for step in range(1, steps + 1):
        for place, gradient in enumerate(gradients(*weights, x_Rnd, y_Rn)):
            moments[0][place] = first * moments[0][place] + (1 - first) * gradient
            moments[1][place] = second * moments[1][place] + (1 - second) * gradient**2
            mean, square = moments[0][place] / (1 - first**step), moments[1][place] / (1 - second**step)
            weights[place] -= rate * mean / (np.sqrt(square) + _EPS)
    return weights


def _start(gamma: float, seed: int, options: dict) -> tuple[np.ndarray, np.ndarray]:
    """Both layers: the same directions for every gamma."""
    from initscale.experiment.random_streams import stream

    width, inputs = options["width"], options["dimension"] + 1
    normal = width ** -float(gamma) * stream(seed, "start").standard_normal((width, inputs + 1))
    return normal[:, :inputs], normal[:, inputs]


def _rows(width: int, run: tuple[float, int], w_jd: np.ndarray, a_j: np.ndarray, left: float) -> pd.DataFrame:
    gamma, seed = run
    inputs = w_jd.shape[1]
    rows = pd.DataFrame({"neuron": np.repeat(np.arange(width), inputs + 1)})
    rows["component"] = np.tile([*range(inputs), -1], width)
    rows["value"] = np.concatenate([w_jd, a_j[:, None]], axis=1).ravel()
    return rows.assign(gamma=float(gamma), std=width ** -float(gamma), seed=seed, loss_left=left)
