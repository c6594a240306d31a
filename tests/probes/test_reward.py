"""The probe reward: probabilities with known scores, exact gradients, hand-built models."""

from __future__ import annotations

import pytest
import torch
from companion_runs import small_run
from made_up_runs import scores
from mechanisms import hand_built_run

from initscale.probes.reward.measure import gradient_norms, probe, reward_scores

OPTIONS = {"unseen": [4, 3], "keys": "all", "sequences": 50, "std_below": 0.05}


def test_scores_of_probabilities():
    p_B = torch.tensor([0.0, 0.001, 0.5, 0.9999], dtype=torch.float64)
    found = reward_scores(p_B, 0.05)
    assert found["reward"] == pytest.approx(1.5009 / 4)
    assert found["median_probability"] == pytest.approx(0.2505)
    assert found["vanishing"] == 0.5  # the last one is settled, but right
    assert found["reward_std"] == pytest.approx((0 + 0.001**0.5 * 0.999**0.5 + 0.5 + (0.9999 * 1e-4) ** 0.5) / 4)


def test_gradients_of_a_logistic_policy():
    """p = 1 / (1 + exp(-w x)): dp/dw = x p (1 - p), d log p / dw = x (1 - p), each averaged over the inputs."""
    w, x_B = torch.tensor([-3.0], requires_grad=True), torch.tensor([1.0, -0.5, 2.0])
    p_B = torch.sigmoid(w.detach() * x_B)
    wanted = ((x_B * p_B * (1 - p_B)).mean().abs().item(), (x_B * (1 - p_B)).mean().abs().item())
    assert gradient_norms(torch.nn.functional.logsigmoid(w * x_B), [w]) == pytest.approx(wanted)


def test_the_policy_gradient_is_that_of_the_mean_reward(smoke, tmp_path):
    """Against finite differences of the mean probability along the gradient's own direction."""
    run = small_run(smoke, tmp_path)
    found = scores(probe(run, OPTIONS))
    assert found["gradient_ratio", ""] == pytest.approx(found["supervised_gradient", ""] / found["policy_gradient", ""])
    bias = run.weights["output.bias"]
    higher, lower = (
        scores(probe(small_run(smoke, tmp_path, {"output.bias": bias + step}), OPTIONS))["reward", ""]
        for step in (torch.zeros(201).index_fill(0, torch.arange(10, 30), s) for s in (1e-2, -1e-2))
    )
    slope = (higher - lower) / 2e-2 / 20**0.5  # along a unit direction: at most the norm
    assert 0 < slope <= found["policy_gradient", ""] * 1.01


@pytest.mark.parametrize(("name", "reward", "vanishing"), [("composing", 1.0, 0.0), ("memorizing", 0.0, 1.0)])
def test_hand_built_models(name, reward, vanishing, five_tokens, tmp_path):
    run = hand_built_run(name, five_tokens, tmp_path)
    run.weights["output.weight"] *= 100  # its logits are right, but near each other
    found = scores(probe(run, OPTIONS))
    assert found["reward", ""] == pytest.approx(reward, abs=1e-2)
    assert found["vanishing", ""] == vanishing
    assert found["reward_std", ""] < 0.1
