"""How often the intervals cover, measured by simulation at each number of seeds that a scale uses."""

from __future__ import annotations

import re
from functools import cache

import numpy as np
import pytest
import yaml
from conftest import REPOSITORY
from scipy.stats import binom, norm

from initscale.claims.intervals import estimate, exceedance_interval, probability_of_more, share_interval
from initscale.claims.metrics import Sample
from initscale.claims.verdicts import REPRODUCED, verdict

LEVEL, DRAWS = 0.95, 10000


def seeds_in_use() -> list[int]:
    """Numbers of seeds in the grids of the scales that are judged: main grids, and these with what `more` adds."""
    counts = set()
    for scale in ("laptop", "overnight", "paper"):
        content = yaml.safe_load((REPOSITORY / "config" / "scales" / f"{scale}.yaml").read_text())
        for study in filter(None, content["studies"].values()):
            seeds = set(study.get("grid", {}).get("seed", []))
            more = set().union(*(grid.get("seed", []) for grid in study.get("more") or [{}]))
            counts |= {len(seeds), len(seeds | more)}
    return sorted(count for count in counts if count > 1)


SIZES = seeds_in_use()


def one_each(*groups: np.ndarray) -> Sample:
    return Sample(groups, tuple(np.arange(len(group)) for group in groups))


def test_the_sizes_are_those_of_the_grids():
    assert set(SIZES) >= {3, 4, 6, 9}


@pytest.mark.parametrize("n", SIZES)
def test_means_of_normal_replicates(n):
    drawn = np.random.default_rng(n).normal(0.5, 0.2, (DRAWS, n))
    found = [estimate("mean", one_each(values), LEVEL, 0.5, "above") for values in drawn]
    assert 0.93 <= np.mean([one.low <= 0.5 <= one.high for one in found]) <= 0.97
    assert np.mean([verdict(one, 0.5, "above") == REPRODUCED for one in found]) <= 0.04


@cache
def _share(k: float, n: int) -> tuple[float, float]:
    return share_interval(k / n, n, LEVEL)


@pytest.mark.parametrize("n", SIZES)
@pytest.mark.parametrize("p", [0.5, 0.7, 0.9, 0.97])
def test_shares_of_runs(n, p):
    won = np.random.default_rng(n).binomial(n, p, DRAWS)
    ends = np.array([_share(k, n) for k in won])
    assert ((ends[:, 0] <= p) & (p <= ends[:, 1])).mean() >= 0.93
    assert (ends[:, 0] >= p).mean() <= 0.04


@pytest.mark.parametrize("n", SIZES)
def test_shares_of_runs_that_are_alike_within_a_seed(n):
    """Four runs a seed, whose chance to win is the seed's own: .8 on the average, anything between 0 and 1."""
    rng, covered = np.random.default_rng(n), []
    chances = rng.beta(1.6, 0.4, (DRAWS // 4, n))
    for chance_n in chances:
        won_R = rng.random(4 * n) < np.repeat(chance_n, 4)
        found = estimate("share", Sample((won_R,), (np.repeat(np.arange(n), 4),)), LEVEL, 0.8, "above")
        covered.append(found.low <= 0.8 <= found.high)
    assert np.mean(covered) >= 0.93


@cache
def _exceedance(effect: float, m: int, n: int) -> tuple[float, float]:
    return exceedance_interval(effect, m, n, LEVEL)


@pytest.mark.parametrize(("m", "n"), [(n, n) for n in SIZES if n > 3] + [(4, 9), (9, 4)])
@pytest.mark.parametrize("theta", [0.5, 0.66, 0.8, 0.95])
def test_probabilities_to_exceed(m, n, theta):
    rng = np.random.default_rng(m * n)
    first, second = rng.normal(norm.ppf(theta) * np.sqrt(2), 1, (DRAWS, m)), rng.normal(0, 1, (DRAWS, n))
    ends = np.array([_exceedance(probability_of_more(a, b), m, n) for a, b in zip(first, second, strict=True)])
    assert ((ends[:, 0] <= theta) & (theta <= ends[:, 1])).mean() >= 0.93
    assert (ends[:, 0] >= theta).mean() <= 0.04


@pytest.mark.parametrize("n", [4, 6, 9])
def test_probabilities_to_exceed_with_three_runs_a_seed(n):
    """Runs share most of their seed's deviation, and the seeds are the same in both groups."""
    rng, theta, covered = np.random.default_rng(n), 0.8, []
    seeds = np.repeat(np.arange(n), 3)
    for _ in range(DRAWS // 4):
        shared, own = rng.normal(0, np.sqrt(0.7), (2, n)), rng.normal(0, np.sqrt(0.3), (2, 3 * n))
        first, second = shared[:, seeds] + own
        found = estimate(
            "rank", Sample((first + norm.ppf(theta) * np.sqrt(2), second), (seeds, seeds)), LEVEL, 0.66, "above"
        )
        covered.append(found.low <= theta <= found.high)
    assert np.mean(covered) >= 0.93


def mixture(n: int, p: float) -> tuple[float, float]:
    """Of a mean over n runs that are 1 with probability p, else 0: coverage, and share of ``reproduced`` at p."""
    covered = reproduced = 0.0
    for k in range(n + 1):
        found = estimate("mean", one_each(np.repeat([1.0, 0.0], [k, n - k])), LEVEL, p, "above")
        covered += binom.pmf(k, n, p) * (found.low <= p <= found.high)
        reproduced += binom.pmf(k, n, p) * (verdict(found, p, "above") == REPRODUCED)
    return covered, reproduced


def test_mixtures_are_reported():
    """docs/claims.md says how wrong the interval is where runs are of two kinds: counted here, not simulated."""
    text = (REPOSITORY / "docs" / "claims.md").read_text()
    rows = re.findall(r"^\| (\d) \| (0\.\d+) \| (\.\d+) \| (\.\d+|0) \| (\.\d+) \|$", text, re.MULTILINE)
    assert len(rows) == 9
    assert {int(n) for n, *_ in rows} == {3, 6, 9}
    for n, p, covered, reproduced, uneven in rows:
        found = mixture(int(n), float(p))
        assert (float(covered), float(reproduced)) == pytest.approx(found, abs=0.0051)
        assert float(uneven) == pytest.approx(uneven_mixture(int(n), float(p)), abs=0.03)


def uneven_mixture(n: int, p: float) -> float:
    """Share of ``reproduced`` at p where the runs of a kind differ by .01 (standard deviation)."""
    rng = np.random.default_rng(n)
    drawn = (rng.random((2000, n)) < p) + rng.normal(0, 0.01, (2000, n))
    found = (estimate("mean", one_each(values), LEVEL, p, "above") for values in drawn)
    return np.mean([verdict(one, p, "above") == REPRODUCED for one in found])


def test_three_alike_of_a_mixture_are_never_reproduced():
    for p in (0.3, 0.5, 0.7, 0.9):
        assert mixture(3, p)[1] == 0
