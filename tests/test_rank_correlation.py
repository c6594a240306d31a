"""Rank correlations and their intervals against scipy, loops and known cases."""

from __future__ import annotations

import math

import numpy as np
import pytest
from scipy.stats import spearmanr

from initscale.aggregate.rank_correlation import rank_correlation, with_interval

LR = np.repeat([1.0, 2.0, 3.0], 12)
DECAY = np.tile(np.repeat([0.1, 0.2, 0.3, 0.4], 3), 3)


def noise(scale: float) -> np.ndarray:
    return scale * np.random.default_rng(0).normal(size=len(LR))


def test_plain_correlation_is_scipys():
    outcome = LR + noise(1.0)
    assert rank_correlation(LR, outcome) == spearmanr(LR, outcome).statistic


def test_a_strong_second_setting_does_not_hide_the_first():
    """Each group rises with the rate, but the decay moves the groups by more than that."""
    outcome = 0.1 * LR + 10 * DECAY
    assert rank_correlation(LR, outcome) < 0.5
    assert rank_correlation(LR, outcome, DECAY) == pytest.approx(1.0)
    assert rank_correlation(LR, -outcome, DECAY) == pytest.approx(-1.0)


def test_held_correlation_by_hand():
    """Two groups of three runs: ranks 1, 2, 3 against 1, 2, 3 and against 2, 1, 3."""
    setting, held = np.array([1, 2, 3, 1, 2, 3]), np.array([0, 0, 0, 1, 1, 1])
    outcome = np.array([5.0, 6.0, 7.0, 0.2, 0.1, 0.3])
    assert rank_correlation(setting, outcome, held) == pytest.approx((2 + 1) / 4)


@pytest.mark.parametrize("held", [None, DECAY])
def test_no_correlation_of_equal_outcomes(held):
    found = with_interval(LR, np.zeros(len(LR)), held, 100, 0.95, 0)
    assert all(math.isnan(number) for number in found)


def test_no_interval_if_resamples_can_be_degenerate():
    found = with_interval(np.array([1.0, 2.0, 3.0]), np.array([1.0, 2.0, 3.0]), None, 500, 0.95, 0)
    assert found.value == pytest.approx(1.0)
    assert math.isnan(found.low)


@pytest.mark.parametrize("held", [None, DECAY])
def test_interval_is_that_of_a_bootstrap_over_runs(held):
    """A second bootstrap in a loop, with other draws; ends agree within their own scatter."""
    outcome = LR + noise(2.0)
    found = with_interval(LR, outcome, held, 2000, 0.9, 0)
    draws, values = np.random.default_rng(1), []
    for _ in range(2000):
        rows = draws.integers(len(LR), size=len(LR))
        values.append(rank_correlation(LR[rows], outcome[rows], None if held is None else held[rows]))
    assert (found.low, found.high) == pytest.approx(tuple(np.quantile(values, [0.05, 0.95])), abs=0.03)
    assert found.low < found.value < found.high
    assert with_interval(LR, outcome, held, 2000, 0.9, 0) == found


def test_more_confidence_is_a_wider_interval():
    outcome = LR + noise(2.0)
    narrow, wide = (with_interval(LR, outcome, None, 1000, level, 0) for level in (0.5, 0.99))
    assert wide.low < narrow.low < narrow.high < wide.high
