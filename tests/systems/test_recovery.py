"""Recovery of matrices and networks from few samples: against slow loops, and where the transition must be."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from initscale.config.load import load_config
from initscale.experiment.paths import Layout
from initscale.figures.fig_recovery import drawing as drawing
from initscale.figures.fig_recovery import table as fig_recovery
from initscale.stages.simulate import simulate
from initscale.systems import recovery, recovery_tanh


@pytest.fixture
def laptop() -> dict:
    return load_config({"scale": "laptop"})["systems"]


def test_first_recovery_is_at_the_optimistic_size(laptop):
    options = laptop["recovery"] | {"stds": [1e-7, 1.0], "entries": ["best_case"], "trials": 12}
    rows = recovery.simulate(options).to_pandas()
    for rank, size in ((1, 7), (2, 12), (3, 15)):
        assert recovery.optimistic_size(4, rank) == size
        found = rows[(rows["rank"] == rank) & rows["recovered"]]
        assert found.loc[found["std"] == 1e-7, "samples"].min() == size
        large = rows[(rows["rank"] == rank) & (rows["std"] == 1.0)].groupby("samples")["recovered"].mean()
        assert (large[:14] < 0.5).all()
    small = rows[rows["std"] == 1e-7]
    at_size = small.loc[small["samples"] == small["optimistic"], "recovered"]
    assert at_size.mean() >= 0.3
    assert small["fitted"].mean() >= 0.9
    assert (rows["fitted"] | ~rows["recovered"]).all()


@pytest.mark.parametrize("rank", [1, 2, 3])
def test_best_case_entries_determine_the_matrix(rank):
    target, order = recovery.draw_problem(4, rank, "best_case", seed=5)
    assert np.mean(target**2) == pytest.approx(1)
    assert sorted(order) == list(range(16))
    known = np.zeros(16, dtype=bool)
    known[order[: recovery.optimistic_size(4, rank)]] = True
    known = known.reshape(4, 4)
    rows, columns = np.flatnonzero(known.all(axis=1)), np.flatnonzero(known.all(axis=0))
    assert len(rows) == len(columns) == rank
    completed = target[:, columns] @ np.linalg.inv(target[np.ix_(rows, columns)]) @ target[rows]
    assert completed == pytest.approx(target, abs=1e-8)


def test_trials_share_target_and_start_whatever_the_deviation():
    first, _ = recovery.draw_problem(4, 2, "best_case", seed=1)
    second, order = recovery.draw_problem(4, 2, "random", seed=1)
    assert (first == second).all()
    assert order[:12].tolist() != recovery.draw_problem(4, 2, "best_case", seed=1)[1][:12].tolist()


def test_fits_are_plain_gradient_descent():
    random = np.random.default_rng(0)
    target, left, right = random.standard_normal((3, 2, 4, 4))
    known = (random.random((2, 4, 4)) < 0.6).astype(float)
    fitted = recovery.fit(target, known, left, right, rate=0.05, steps=40)
    for at in range(2):
        a, b = (torch.tensor(factor[at], requires_grad=True) for factor in (left, right))
        for _ in range(40):
            loss = ((a @ b - torch.tensor(target[at]))[torch.tensor(known[at]) > 0] ** 2).sum() / 2
            gradients = torch.autograd.grad(loss, (a, b))
            with torch.no_grad():
                a -= 0.05 * gradients[0]
                b -= 0.05 * gradients[1]
        assert fitted[at] == pytest.approx((a @ b).detach().numpy(), abs=1e-10)


def test_a_fit_that_diverges_is_not_recovered(laptop):
    options = laptop["recovery"] | {"ranks": [1], "entries": ["random"], "stds": [30.0], "trials": 1, "steps": 300}
    rows = recovery.simulate(options).to_pandas()
    assert np.isinf(rows["error"]).any()
    assert not rows.loc[np.isinf(rows["error"]), ["recovered", "fitted"]].to_numpy().any()


def random_networks(n: int = 3) -> tuple[np.ndarray, ...]:
    random = np.random.default_rng(1)
    inner, outer, x, y = (random.standard_normal(shape) for shape in ((n, 5, 4), (n, 5), (n, 6, 4), (n, 6)))
    weight = np.array([[1, 1, 1, 0, 0, 0], [1] * 6, [1, 0, 0, 0, 0, 0]])[:n]
    return inner, outer, x, y, weight / weight.sum(axis=1, keepdims=True)


def slow_loss(inner: torch.Tensor, outer: torch.Tensor, x: np.ndarray, y: np.ndarray) -> torch.Tensor:
    """Mean square error of one network, sample after sample."""
    errors = [
        sum(a * torch.tanh(w @ torch.tensor(point)) for w, a in zip(inner, outer, strict=True)) - value
        for point, value in zip(x, y, strict=True)
    ]
    return torch.stack(errors).square().mean()


def test_loss_and_gradient_are_those_of_each_network():
    inner, outer, x, y, weight = random_networks()
    loss, inner_gradient, outer_gradient = recovery_tanh.loss_and_gradient(inner, outer, x, y, weight)
    for at in range(3):
        used = weight[at] > 0
        w, a = (torch.tensor(part[at], requires_grad=True) for part in (inner, outer))
        slow = slow_loss(w, a, x[at][used], y[at][used])
        slow.backward()
        assert loss[at] == pytest.approx(slow.item())
        assert inner_gradient[at] == pytest.approx(w.grad.numpy())
        assert outer_gradient[at] == pytest.approx(a.grad.numpy())


def test_training_halves_the_rate_where_the_loss_would_rise():
    inner, outer, x, y, weight = random_networks()
    ends = recovery_tanh.train(4 * inner, 4 * outer, (x, y, weight), rate=0.3, steps=30)
    for at in range(3):
        used, rate = weight[at] > 0, 0.3
        w, a = (torch.tensor(4 * part[at], requires_grad=True) for part in (inner, outer))
        for _ in range(30):
            loss = slow_loss(w, a, x[at][used], y[at][used])
            step = [g * rate for g in torch.autograd.grad(loss, (w, a))]
            trial = [(old - change).detach().requires_grad_() for old, change in zip((w, a), step, strict=True)]
            if slow_loss(*trial, x[at][used], y[at][used]) <= loss:
                w, a = trial
            else:
                rate /= 2
        assert ends[0][at] == pytest.approx(w.detach().numpy(), abs=1e-8)
        assert ends[1][at] == pytest.approx(a.detach().numpy(), abs=1e-8)
        assert ends[2][at] == rate
    assert (ends[2] < 0.3).any()


def test_a_small_start_finds_the_narrow_network(laptop):
    changes = {"neurons": [1], "samples": [16], "stds": [1e-3, 1.0], "trials": 4, "steps": 3000}
    rows = recovery_tanh.simulate(laptop["recovery_tanh"] | changes).to_pandas()
    median = rows.groupby("std")["error"].median()
    assert median[1e-3] < 0.01
    assert median[1.0] > 0.3
    assert (rows["fit_error"] < 1e-3).all()


def test_table_and_drawing(smoke, tmp_path):
    config = smoke | {"results": str(tmp_path)}
    for name in fig_recovery.SYSTEMS:
        simulate(name, config["systems"][name], Layout(config).system(name))
    table = fig_recovery.table(config)
    rows = table.to_pandas()
    assert (rows["excess"] == rows["samples"] - rows["optimistic"])[rows["kind"] != "samples"].all()
    matrices = rows[(rows["kind"] == "matrix") & (rows["target"] == 1) & (rows["entries"] == "best_case")]
    shares = matrices.groupby(["std", "samples"])["value"].mean()
    fewest = rows[(rows["kind"] == "samples") & (rows["target"] == 1) & (rows["entries"] == "best_case")]
    for row in fewest.itertuples():
        reached = shares[row.std] > 0 if row.part == "any" else shares[row.std] >= 0.5
        assert row.value == shares[row.std].index[reached].min()
    (figure,) = drawing.draw(table, smoke["figures"]["fig_recovery"]).values()
    maps = [axis for axis in figure.axes if axis.get_title(loc="left").startswith("rank")]
    assert [axis.get_title(loc="left") for axis in maps][:2] == [
        "rank 1, best-case entries",
        "rank 2, best-case entries",
    ]
    assert np.asarray(maps[0].collections[0].get_array()) == pytest.approx(shares.unstack().to_numpy())
    (network,) = [axis for axis in figure.axes if axis.get_title(loc="left").startswith("tanh")]
    errors = rows[(rows["kind"] == "tanh") & (rows["std"] == 1.0)].groupby("samples")["value"].median()
    assert network.lines[1].get_ydata() == pytest.approx(errors.to_numpy())
