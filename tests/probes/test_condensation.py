"""The probe condensation on matrices whose condensation is known."""

from __future__ import annotations

import numpy as np
import pytest
from made_up_runs import made_up_run, scores
from scipy.special import betainc
from sklearn.metrics.pairwise import cosine_similarity

from initscale.probes.condensation.measure import WEIGHT, group_neurons, probe

POINT = {"gamma": 0.8, "depth": 2, "lr": 2e-3, "seed": 0}
OPTIONS = {"thresholds": [0.7, 0.4]}


@pytest.fixture
def measure(smoke, tmp_path):
    """Probe of a run whose W_Q in layer 1 is the given matrix."""
    smoke["results"] = str(tmp_path)
    return lambda w, options=OPTIONS: probe(made_up_run(smoke, POINT, {WEIGHT: w}), options)


def in_directions(sizes: list[int], width: int = 24) -> np.ndarray:
    """Rows along orthogonal directions, ``sizes`` of them along each, shuffled and of different lengths."""
    draw = np.random.default_rng(0)
    axes = np.linalg.qr(draw.normal(size=(width, width)))[0]
    rows = np.concatenate([np.repeat(axes[i : i + 1], n, axis=0) for i, n in enumerate(sizes)])
    return draw.permutation(rows) * draw.uniform(0.1, 5.0, size=(len(rows), 1))


def cosine_matrix(table) -> np.ndarray:
    data = table.to_pandas()
    cosine = data[data["quantity"] == "cosine"]
    assert set(cosine["part"]) == {"0.7"}
    return cosine.pivot(index="i", columns="j", values="value").to_numpy()


def test_parallel_rows_are_found_and_put_together(measure):
    table = measure(in_directions([5, 4, 2, 1]))
    found = scores(table)
    blocks = np.zeros((12, 12))
    for start, size in ((0, 5), (5, 4), (9, 2), (11, 1)):
        blocks[start : start + size, start : start + size] = 1.0
    np.testing.assert_allclose(cosine_matrix(table), blocks, atol=1e-6)
    assert found["groups", "0.7"] == 4
    assert found["largest_group", "0.7"] == 5
    assert found["pair_share", "0.7"] == pytest.approx((10 + 6 + 1) / 66)
    assert found["mean_abs_cosine", ""] == pytest.approx((10 + 6 + 1) / 66, abs=1e-6)


def test_opposite_rows_are_condensed_pairs_in_two_groups(measure):
    w = np.outer([1, -1, 2, -2, 3, -3, 4, -4, 5, -5, 6, 7], np.arange(1, 25))
    found = scores(measure(w))
    assert found["pair_share", "0.7"] == 1.0
    assert (found["groups", "0.7"], found["largest_group", "0.7"]) == (2, 7)


def test_thresholds_are_told_apart(measure):
    """Two bundles at 60 degrees: cos = 0.5."""
    a, b = np.eye(24)[0], np.eye(24)[0] / 2 + np.eye(24)[1] * np.sqrt(0.75)
    found = scores(measure(np.array([a] * 6 + [b] * 6)))
    assert (found["groups", "0.7"], found["groups", "0.4"]) == (2, 1)
    assert found["pair_share", "0.7"] == pytest.approx(30 / 66)
    assert found["pair_share", "0.4"] == 1.0


def test_scores_do_not_depend_on_the_order_of_the_neurons(measure):
    draw = np.random.default_rng(3)
    w = in_directions([6, 6]) + 0.05 * draw.normal(size=(12, 24))
    first, second = scores(measure(w)), scores(measure(draw.permutation(w)))
    assert first == pytest.approx(second)


def test_random_rows_are_condensed_by_chance_only(measure):
    """P(|cos| > t) of two random directions in d dimensions is I_(1 - t^2)((d - 1) / 2, 1 / 2)."""
    w = np.random.default_rng(0).normal(size=(600, 24))
    found = scores(measure(w))
    assert found["pair_share", "0.4"] == pytest.approx(betainc(11.5, 0.5, 1 - 0.4**2), abs=0.003)
    assert found["groups", "0.7"] > 500


def test_a_chain_is_cut_by_its_leader():
    """Each is near the next only; the first with two neighbours leads, its most similar neighbour comes first."""
    angles = np.radians([0, 40, 70, 110])
    c = np.cos(angles[:, None] - angles)
    assert [group.tolist() for group in group_neurons(c, 0.7)] == [[1, 2, 0], [3]]


def test_groups_hold_every_neuron_once_and_only_neighbours_of_the_leader():
    c = cosine_similarity(np.random.default_rng(5).normal(size=(80, 4)))
    groups = group_neurons(c, 0.6)
    assert sorted(np.concatenate(groups)) == list(range(80))
    assert all((c[leader, others] > 0.6).all() for leader, *others in groups)
    sizes = [len(group) for group in groups]
    assert sizes == sorted(sizes, reverse=True)
    assert sizes[0] == (c > 0.6).sum(1).max()


def test_a_dead_neuron_is_a_group_of_its_own(measure):
    w = np.ones((12, 24))
    w[4] = 0.0
    found = scores(measure(w))
    assert (found["groups", "0.7"], found["largest_group", "0.7"]) == (2, 11)
    assert found["pair_share", "0.7"] == pytest.approx(55 / 66)
