"""Basins on Markov chains: closed form, flow and transformers, each against another way to get the same."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
import torch
from scipy.integrate import solve_ivp
from scipy.optimize import brentq, minimize_scalar
from torch.nn import functional as F

from initscale.experiment.paths import Layout
from initscale.figures.fig_basins import drawing as drawing
from initscale.figures.fig_basins import table as fig_basins
from initscale.stages.simulate import simulate
from initscale.systems import basins
from initscale.systems.basins import reduced
from initscale.systems.basins.chain import Chain
from initscale.systems.basins_transformer import model, train

CHAINS = [Chain(0.1, 0.1), Chain(0.2, 0.3), Chain(0.5, 0.8), Chain(0.9, 0.9)]
SADDLE_LOSSES = [0.6931, 0.6730, 0.6663, 0.6931]
BIGRAM_ENTROPIES = [0.3251, 0.5446, 0.6190, 0.3251]


def slow_loss(chain: Chain, e: float, w: float, bias: float) -> float:
    """Cross-entropy of the two-parameter model, written out for each of the four transitions."""
    total = 0.0
    for bit, weight in ((0, chain.q / (chain.p + chain.q)), (1, chain.p / (chain.p + chain.q))):
        logit = bit * e * e * (1 + 2 * w * abs(w)) - e * e / 2 + bias
        one = 1 / (1 + np.exp(-logit))
        next_one = chain.p if bit == 0 else 1 - chain.q
        total -= weight * (next_one * np.log(one) + (1 - next_one) * np.log(1 - one))
    return total


def slow_optimum(chain: Chain, e: float, w: float) -> float:
    """The same at its best bias."""
    return minimize_scalar(lambda bias: slow_loss(chain, e, w, bias), (-5, 5), tol=1e-12).fun


@pytest.mark.parametrize("chain", CHAINS)
def test_loss_and_gradient_are_those_of_the_written_out_model(chain):
    for e, w in [(0.7, 0.4), (-1.2, -0.5), (0.3, -1.1), (1.5, -0.9)]:
        assert reduced.loss_at(chain, np.array(e), np.array(w)) == pytest.approx(slow_optimum(chain, e, w), abs=1e-9)
        h = 1e-4
        slow = [
            (slow_optimum(chain, e + h, w) - slow_optimum(chain, e - h, w)) / (2 * h),
            (slow_optimum(chain, e, w + h) - slow_optimum(chain, e, w - h)) / (2 * h),
        ]
        assert np.array(reduced.gradient(chain, np.array(e), np.array(w))) == pytest.approx(slow, abs=1e-6)


@pytest.mark.parametrize("chain", CHAINS)
def test_the_optimal_bias_predicts_ones_as_often_as_they_occur(chain):
    sigmoid = lambda x: np.exp(-np.logaddexp(0, -x))  # noqa: E731
    slopes = np.array([-3000.0, -50, -1, 0, 1, 50, 3000])
    bias = reduced.optimal_bias(chain, slopes)
    predicted = (1 - chain.ones) * sigmoid(bias) + chain.ones * sigmoid(bias + slopes)
    assert predicted == pytest.approx(chain.ones, abs=1e-9)


@pytest.mark.parametrize(("chain", "expected"), list(zip(CHAINS, SADDLE_LOSSES, strict=True)))
def test_loss_at_the_saddle_is_that_of_every_bad_minimum(chain, expected):
    e, w = (np.array([value]) for value in reduced.SADDLE)
    assert reduced.loss_at(chain, e, w)[0] == pytest.approx(expected, abs=1e-3)
    assert chain.unigram_entropy == pytest.approx(expected, abs=1e-3)
    # a saddle of the whole loss: close by there are higher and lower points, along the line there is neither
    around = [reduced.loss_at(chain, e + 0.1, w + dw)[0] - chain.unigram_entropy for dw in (-0.1, 0.1)]
    assert min(around) < 0 < max(around)


@pytest.mark.parametrize(("chain", "entropy"), list(zip(CHAINS, BIGRAM_ENTROPIES, strict=True)))
def test_the_entropy_rate_is_reached_by_good_ends_only(chain, entropy):
    assert chain.bigram_entropy == pytest.approx(entropy, abs=1e-4)
    e, w = np.array([1.0, 1.0]), np.array([-1.8, 0.3] if not chain.switching else [0.3, -1.5])
    ends = reduced.follow_flow(chain, e, w, steps=6000, step_size=0.05)
    assert reduced.loss_at(chain, *ends) == pytest.approx([chain.unigram_entropy, chain.bigram_entropy], abs=1e-6)


@pytest.mark.parametrize("chain", CHAINS)
def test_flow_and_closed_form_agree_on_the_plane(chain):
    side = np.linspace(-2, 2, 30)
    e, w = (grid.ravel() for grid in np.meshgrid(side, side))
    closed = reduced.ends_badly(chain, e, w)
    end_e, end_w = reduced.follow_flow(chain, e, w, steps=3000, step_size=0.05)
    bad = reduced.loss_at(chain, end_e, end_w) > (chain.unigram_entropy + chain.bigram_entropy) / 2
    assert (bad == closed).mean() >= 0.99
    assert closed.mean() == pytest.approx(0.557 if chain.switching else 0.132, abs=0.02)


@pytest.mark.parametrize("chain", CHAINS[1:3])
def test_an_exact_integrator_changes_sides_where_the_closed_form_does(chain):
    def ends_badly(e: float, w: float) -> bool:
        speed = lambda _, at: -np.array(reduced.gradient(chain, *at))  # noqa: E731
        end = solve_ivp(speed, (0, 3000), (e, w), method="LSODA", rtol=1e-8, atol=1e-10).y[:, -1]
        return slow_optimum(chain, *end) > (chain.unigram_entropy + chain.bigram_entropy) / 2

    for e in (0.4, 0.9):
        span = (-0.7, -1e-3) if chain.switching else (-3.0, -0.71)
        border = brentq(lambda w, e=e: reduced.energy(e, w) - reduced.SADDLE_ENERGY, *span)
        for w in (border - 0.05, border + 0.05):
            assert ends_badly(e, w) == reduced.ends_badly(chain, np.array(e), np.array(w))
        assert ends_badly(e, border - 0.05) != ends_badly(e, border + 0.05)


def test_a_step_too_long_does_not_hide(smoke):
    """Random starts far out, where a plain Euler step of this size diverges, end at one of the two entropies."""
    options = smoke["systems"]["basins"] | {"starts": 2, "stds": [4.0], "normal_starts": 100}
    rows = basins.simulate(options | {"flow": {"steps": 6000, "step_size": 0.05}}).to_pandas()
    for chain in CHAINS:
        ends = rows[(rows["p"] == chain.p) & (rows["source"] == "normal")]
        entropy = np.where(ends["bad"], chain.unigram_entropy, chain.bigram_entropy)
        assert ends["loss"].to_numpy() == pytest.approx(entropy, abs=1e-6)
        assert (ends["bad"] == ends["bad_closed_form"]).mean() >= 0.99


@pytest.fixture
def options(smoke) -> dict:
    return smoke["systems"]["basins_transformer"]


def slow_logits(weights: dict, bits: torch.Tensor) -> torch.Tensor:
    """One run, one sequence, one position after the other."""
    norm = lambda name, x: (  # noqa: E731
        F.layer_norm(x, x.shape) * weights[f"{name}.gain"] + weights[f"{name}.shift"]
        if f"{name}.gain" in weights
        else x
    )
    states = [bit * weights["token"] + weights["position"][n] for n, bit in enumerate(bits)]
    normed, found = [norm("attention_norm", x) for x in states], []
    for n, x in enumerate(states):
        query = weights["query"] @ normed[n]
        scores = torch.stack([query @ (weights["key"] @ other) for other in normed[: n + 1]]) / len(x) ** 0.5
        shares = torch.softmax(scores, 0)
        mixed = sum(share * (weights["value"] @ other) for share, other in zip(shares, normed, strict=False))
        x = x + weights["output"] @ mixed
        x = x + weights["down"] @ torch.relu(weights["up"] @ norm("ffn_norm", x))
        found.append(norm("final_norm", x) @ weights["token"] + weights["bias"])
    return torch.stack(found)


@pytest.mark.parametrize("with_norm", [False, True])
def test_stacked_transformers_are_those_written_out(options, with_norm):
    gammas, seeds = [0.3, 1.0, 0.3], [0, 0, 1]
    weights = model.initial_weights(options | {"context": 7}, gammas, seeds, with_norm=with_norm)
    weights = {name: tensor.double().requires_grad_() for name, tensor in weights.items()}
    bits = (torch.arange(3 * 2 * 7).reshape(3, 2, 7) * 7 % 5 > 2).double()
    stacked = model.logits(weights, bits)
    one = {name: tensor[1].detach().clone().requires_grad_() for name, tensor in weights.items()}
    slow = torch.stack([slow_logits(one, sequence) for sequence in bits[1]])
    torch.testing.assert_close(stacked[1], slow, rtol=1e-9, atol=1e-9)
    train.next_bit_loss(weights, bits).sum().backward()
    F.binary_cross_entropy_with_logits(slow[:, :-1], bits[1, :, 1:]).backward()
    for name, tensor in one.items():
        torch.testing.assert_close(weights[name].grad[1], tensor.grad, rtol=1e-7, atol=1e-9)


def test_gamma_only_rescales_the_start(options):
    small, large = (model.initial_weights(options, [gamma], [3], with_norm=False) for gamma in (2.0, 1.0))
    torch.testing.assert_close(small["up"] * options["d_model"], large["up"])


def test_a_run_is_trained_as_it_would_be_alone(options):
    runs, chain = pd.DataFrame({"gamma": [0.5, 1.0, 1.0], "seed": [0, 0, 1], "steps": 30}), Chain(0.2, 0.3)
    together, _ = train.train(chain, runs, options, with_norm=False)
    alone, _ = train.train(chain, runs.iloc[[2]], options, with_norm=False)
    assert together[2] == pytest.approx(alone[0], abs=1e-5)
    assert together[1] != pytest.approx(alone[0], abs=1e-5)


@pytest.mark.parametrize("chain", CHAINS)
def test_sequences_are_stationary_chains(chain):
    bits = train.draw_sequences(chain, [np.random.default_rng(0)], 4000, 12)[0].bool()
    before, after = bits[:, :-1], bits[:, 1:]
    assert after[~before].float().mean() == pytest.approx(chain.p, abs=0.02)
    assert after[before].float().mean() == pytest.approx(1 - chain.q, abs=0.02)
    for at in (0, 11):
        assert bits[:, at].float().mean() == pytest.approx(chain.ones, abs=0.03)


def test_a_perfect_and_a_blind_model_score_the_two_entropies(options):
    chain, weights = Chain(0.5, 0.8), model.initial_weights(options, [1.0], [0], with_norm=False)
    bits = train.draw_sequences(chain, [np.random.default_rng(1)], 3000, options["context"])
    blind = {name: torch.zeros_like(tensor) for name, tensor in weights.items()}
    blind["bias"] += np.log(chain.ones / (1 - chain.ones))
    assert train.expected_loss(chain, blind, bits)[0] == pytest.approx(chain.unigram_entropy, abs=2e-3)
    # the feed-forward layer turns the one direction around, which the tied output alone cannot
    perfect = {name: torch.zeros_like(tensor) for name, tensor in weights.items()}
    behind_zero, behind_one = np.log(chain.p / (1 - chain.p)), np.log((1 - chain.q) / chain.q)
    perfect["token"][:, 0], perfect["up"][:, 0, 0] = 1.0, 1.0
    perfect["down"][:, 0, 0], perfect["bias"][:] = behind_one - behind_zero - 1, behind_zero
    assert train.expected_loss(chain, perfect, bits)[0] == pytest.approx(chain.bigram_entropy, abs=2e-3)


def test_the_rate_is_that_of_the_source():
    steps, peak = 100, 2e-3
    optimizer = torch.optim.SGD([torch.zeros(1, requires_grad=True)], lr=1.0)
    kinds = {"anneal_strategy": "cos", "cycle_momentum": False, "div_factor": 1e2, "final_div_factor": 0.05}
    scheduler = torch.optim.lr_scheduler.OneCycleLR(optimizer, peak, total_steps=steps, pct_start=0.1, **kinds)
    theirs = [scheduler.get_last_lr()[0]]
    for _ in range(steps - 1):
        optimizer.step()
        scheduler.step()
        theirs.append(scheduler.get_last_lr()[0])
    assert [peak * train.rate(step, steps, 0.1) for step in range(steps)] == pytest.approx(theirs, rel=1e-6)


def test_a_switching_chain_holds_a_small_start_on_the_plateau(options):
    changes = {"evaluation": {"every": 25, "sequences": 64}}
    runs = pd.DataFrame({"gamma": [1.0, 2.0] * 2, "seed": [0, 0, 1, 1], "steps": 400})
    _, switching = train.train(Chain(0.5, 0.8), runs, options | changes, with_norm=False)
    _, sticky = train.train(Chain(0.2, 0.3), runs, options | changes, with_norm=False)
    assert all(switching[at] is not None for at in (0, 2))
    assert all(switching[at] is None for at in (1, 3))
    assert all(at <= 200 for at in sticky)


@pytest.fixture
def table(smoke, tmp_path):
    config = smoke | {"results": str(tmp_path)}
    for name in fig_basins.SYSTEMS:
        simulate(name, config["systems"][name], Layout(config).system(name))
    return fig_basins.table(config)


def test_table_and_drawing(table, smoke):
    rows = table.to_pandas()
    assert rows.groupby("kind").size().to_dict() == {
        "start": 1600,
        "agreement": 8,
        "bad_share": 28,
        "loss": 12,
        "run": 8,
    }
    assert (rows.loc[rows["kind"] == "agreement", "value"] >= 0.99).all()
    assert (rows.loc[rows["kind"] == "loss", "error"] < 1e-3).all()
    small = rows[(rows["kind"] == "bad_share") & (rows["std"] == 0.01)]
    assert (small["value"] == small["switching"].astype(float)).all()
    (figure,) = drawing.draw(table, smoke["figures"]["fig_basins"]).values()
    planes, (shares, gaps, _) = figure.axes[:4], figure.axes[4:7]
    drawn = [np.asarray(axis.collections[0].get_array(), dtype=float).mean() for axis in planes]
    starts = rows[rows["kind"] == "start"]
    assert drawn == pytest.approx(
        starts.groupby(["p", "q"])["bad"].apply(lambda bad: bad.astype(float).mean()).tolist()
    )
    assert [line.get_label() for line in shares.lines[::2]] == ["p + q < 1", "p + q > 1"]
    assert len(gaps.lines) >= 4
