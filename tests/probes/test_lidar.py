"""The probe lidar against its formula."""

from __future__ import annotations

import numpy as np
import pytest
from companion_runs import small_run
from made_up_runs import scores

from initscale.errors import InputError
from initscale.probes.lidar.measure import effective_rank, lidar, probe

OPTIONS = {"keys": 4, "contexts": 6, "position": 1, "delta": 1e-4}


def entropy_rank(values) -> float:
    p = np.array(values) / np.sum(values)
    return float(np.exp(-(p * np.log(p)).sum()))


def test_classes_on_axes_with_equal_noise_in_every_direction():
    """Members at m_c +- sqrt(3) e_i, so S_w is exactly the identity; S_b = diag(4, 1, 0)."""
    noise_SD = np.sqrt(3) * np.concatenate([np.eye(3), -np.eye(3)])
    means_CD = np.array([[2, 1, 0], [2, -1, 0], [-2, 1, 0], [-2, -1, 0]])
    assert lidar(means_CD[:, None] + noise_SD, 1e-4) == pytest.approx(entropy_rank([4, 1]))


def test_gaussians_against_the_formula():
    draw = np.random.default_rng(0)
    a_DD, w_DD = np.diag([3.0, 2.0, 1.0, 0.5]), np.diag([2.0, 0.5, 1.0, 1.0])
    rotation_DD = np.linalg.qr(draw.normal(size=(4, 4)))[0]
    means_CD = draw.normal(size=(3000, 4)) @ a_DD
    features_CSD = (means_CD[:, None] + draw.normal(size=(3000, 40, 4)) @ w_DD) @ rotation_DD
    # the mean of 40 members has a 40th of the noise's variance left
    ratios = [9 / 4 + 1 / 40, 4 / 0.25 + 1 / 40, 1 + 1 / 40, 0.25 + 1 / 40]
    assert lidar(features_CSD, 1e-6) == pytest.approx(entropy_rank(ratios), rel=0.05)


def test_linear_maps_change_nothing_and_noise_without_classes_counts_little():
    draw = np.random.default_rng(1)
    features_CSD = draw.normal(size=(50, 1, 3)) + 0.1 * draw.normal(size=(50, 20, 3))
    mapped = features_CSD @ draw.normal(size=(3, 3))
    assert lidar(mapped, 1e-12) == pytest.approx(lidar(features_CSD, 1e-12), rel=1e-6)
    # a loud direction that does not tell the classes apart raises the plain rank, not this one
    loud = np.concatenate([features_CSD, 5 * draw.normal(size=(50, 20, 1))], axis=2)
    assert lidar(loud, 1e-12) < lidar(features_CSD, 1e-12) + 0.1


def test_delta_bounds_what_is_nearly_noiseless():
    means_CD = np.concatenate([np.eye(3), -np.eye(3)])
    features_CSD = np.repeat(means_CD[:, None], 2, axis=1)
    features_CSD[:, :, 0] += [-1e-3, 1e-3]
    assert lidar(features_CSD, 1.0) == pytest.approx(3.0, rel=1e-4)
    assert lidar(features_CSD, 1e-9) < 2.1  # the first direction is a thousandth as well told apart


def test_effective_rank():
    assert effective_rank(np.array([1.0, 1.0, -1e-18])) == pytest.approx(2.0)
    assert np.isnan(effective_rank(np.zeros(3)))


def test_scores_of_a_run(smoke, tmp_path):
    run = small_run(smoke, tmp_path)
    found = scores(probe(run, OPTIONS))
    assert found["classes", ""] == 15 * 4
    for layer in ("layer1", "layer2"):
        assert 1 < found["lidar", layer] < 24
        assert 1 < found["effective_rank", layer] < 24


def test_more_keys_than_there_are(smoke, tmp_path):
    with pytest.raises(InputError, match="there are 15 training keys at position 1, 16 are asked for"):
        probe(small_run(smoke, tmp_path), OPTIONS | {"keys": 16})
