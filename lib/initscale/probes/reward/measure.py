"""Could a reward turn a run's answer? Vanishing policy gradients (arXiv 2310.20703) on the unseen pair.

The policy is the softmax of the logits at the last position, the reward 1 for the composed answer and 0 for all others,
so with p_i the probability of the composed answer in sequence i of B the expected reward is mean p_i, and its exact
gradient is mean_i grad p_i = mean_i p_i grad log p_i: it vanishes with p_i, unlike the supervised gradient.

===================  =============================================================================================
quantity             value
===================  =============================================================================================
reward               mean of p_i
median_probability   median of p_i
reward_std           mean of sqrt(p_i (1 - p_i)), the standard deviation of the reward
vanishing            share of sequences with a standard deviation below ``std_below`` and p_i < 0.5
policy_gradient      |mean_i grad p_i| over the trained parameters
supervised_gradient  |mean_i grad log p_i|
gradient_ratio       supervised_gradient / policy_gradient, infinite where the latter underflows
===================  =============================================================================================

A run that fits the other answer well has p_i near 0 by definition, so runs are compared by the ratio.
"""

from __future__ import annotations

import math

import pyarrow as pa
from torch import Tensor

from initscale.models.decoder import Decoder
from initscale.models.spec import trained_parameters
from initscale.probes.curvature import gradient
from initscale.probes.rows import COLUMNS, as_table, score
from initscale.probes.run import FinishedRun
from initscale.probes.sequences import read_sequences
from initscale.tasks.anchor.definition import inferential_shift

__all__ = ["COLUMNS", "gradient_norms", "probe", "reward_scores"]


def probe(run: FinishedRun, options: dict) -> pa.Table:
    """Table of the module's docstring.

    Parameters
    ----------
    options : ``unseen`` pair, ``keys`` that are asked, number of ``sequences``, ``std_below``.
    """
    pair = tuple(options["unseen"])
    sequences = read_sequences(run, "unseen", options["sequences"], [pair], options["keys"])
    answer_B = sequences.key_B + inferential_shift(run.facts["dataset"], pair)
    model = Decoder.with_weights(run.spec, {name: w.float().clone() for name, w in run.weights.items()})
    trained = [model.get_parameter(p.name) for p in trained_parameters(run.spec)]
    log_p_B = answer_log_probability(model, sequences.tokens_BN, answer_B)
    policy, supervised = gradient_norms(log_p_B, trained)
    values = reward_scores(log_p_B.detach().double().exp(), options["std_below"])
    ratio = supervised / policy if policy else math.inf
    values |= {"policy_gradient": policy, "supervised_gradient": supervised, "gradient_ratio": ratio}
    return as_table([score(name, value) for name, value in values.items()])


def answer_log_probability(model: Decoder, tokens_BN: Tensor, answer_B: Tensor) -> Tensor:
    """log p of the given answer at the last position, (B,)."""
    return model(tokens_BN)[:, -1].log_softmax(-1).gather(1, answer_B[:, None])[:, 0]


def reward_scores(p_B: Tensor, std_below: float) -> dict[str, float]:
    """Scores of the probabilities of the rewarded answer, by quantity."""
    std_B = (p_B * (1 - p_B)).sqrt()
    vanishing_B = (std_B < std_below) & (p_B < 0.5)
    found = {"reward": p_B, "median_probability": p_B.quantile(0.5), "reward_std": std_B, "vanishing": vanishing_B}
    return {name: value.double().mean().item() for name, value in found.items()}


def gradient_norms(log_p_B: Tensor, weights: list[Tensor]) -> tuple[float, float]:
    """Norms of the exact policy gradient and of the supervised one."""
    both = (log_p_B.exp().mean(), log_p_B.mean())
    return tuple(gradient(value, weights, keep=True).norm().item() for value in both)
