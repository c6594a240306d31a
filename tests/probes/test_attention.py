"""The probe attention: known attention, and hand-built models."""

from __future__ import annotations

import math

import pytest
import torch
from companion_runs import small_run
from made_up_runs import scores
from mechanisms import hand_built_run

from initscale.probes.attention.measure import entropy, logit_norm, logit_range, match, probe, visible_logits


def test_entropy_of_uniform_and_one_hot_attention():
    logits_NN = torch.zeros(6, 6).masked_fill(torch.ones(6, 6, dtype=torch.bool).triu(1), -math.inf)
    uniform = entropy(logits_NN.softmax(-1)[None, None])[0, 0]
    assert uniform[1:].tolist() == pytest.approx([1.0] * 5)
    assert uniform[0].isnan()
    assert entropy(torch.eye(6)[None, None])[0, 0, 1:].tolist() == pytest.approx([0.0] * 5)
    half = torch.tensor([0.5, 0.5, 0.0, 0.0]).expand(1, 1, 4, 4)
    assert entropy(half)[0, 0, 3].item() == pytest.approx(0.5)  # two of four


def test_logits_are_scaled_and_causal():
    q_BNE, k_BNE = torch.tensor([[[2.0, 0, 0, 0], [0, 4, 0, 0], [0, 0, 6, 0]]]), torch.ones(1, 3, 4)
    k_BNE[0, 0] = -1.0
    one = visible_logits(q_BNE, k_BNE, 1)[0, 0]
    assert one.tolist() == [[-1, -math.inf, -math.inf], [-2, 2, -math.inf], [-3, 3, 3]]
    assert logit_range(one[None, None])[0, 0].tolist() == [0, 4, 6]
    heads = visible_logits(q_BNE, k_BNE, 2)[0]
    assert heads[:, 1, 1].tolist() == pytest.approx([4 / 2**0.5, 0])


def test_logit_norm_by_head():
    q, k = torch.zeros(4, 6), torch.zeros(4, 6)
    q[0, 1], k[0, 2], q[3, 0], k[3, 0] = 3.0, 2.0, 5.0, 1.0
    assert logit_norm(q, k, 2).tolist() == pytest.approx([6 / 2**0.5, 5 / 2**0.5])


def test_match_of_items_with_themselves():
    items, eye = 30 * torch.eye(5, 8), torch.eye(8)
    assert match(items, items, eye, eye, 1) == pytest.approx(5.0)
    assert match(items, items, eye, -eye, 1) == pytest.approx(0.0, abs=1e-6)
    assert match(items, items, 0 * eye, eye, 1) == pytest.approx(1.0)
    halves = torch.cat([eye[:4], 0 * eye[:4]])  # the second head sees nothing
    assert match(items[:4], items[:4], halves, halves, 2) == pytest.approx((4 + 1) / 2)


def test_a_model_without_queries_looks_everywhere(smoke, tmp_path):
    none = {f"layers.{layer}.attn.q.weight": torch.zeros(12, 24) for layer in (0, 1)}
    found = scores(probe(small_run(smoke, tmp_path, none), {"sequences": 50}))
    for layer in ("layer1", "layer2"):
        assert found["entropy", layer] == pytest.approx(1.0)
        assert found["entropy_last", layer] == pytest.approx(1.0)
        assert found["logit_norm", layer] == found["logit_range", layer] == 0
        assert found["shift", layer] == pytest.approx(found["shift_uniform", ""])
        assert found["match", layer] == pytest.approx(1.0)
        for anchor in ("anchor_1", "anchor_2"):
            assert found["broadcast", f"{layer}.{anchor}"] == pytest.approx(1 / 6)
    assert found["shift_uniform", ""] == pytest.approx((1 / 2 + 1 / 3 + 1 / 4 + 1 / 5 + 1 / 6) / 5)


def test_the_composing_model_shifts_and_then_broadcasts(five_tokens, tmp_path):
    """Layer 1: both anchors read the key, all others themselves. Layer 2: the last token reads both anchors."""
    found = scores(probe(hand_built_run("composing", five_tokens, tmp_path), {"sequences": 50}))
    assert found["shift", "layer1"] == pytest.approx(1 / 4, abs=1e-2)  # of the queries 1 to 4 only anchor 1
    assert found["entropy", "layer1"] == pytest.approx(0, abs=1e-2)
    assert found["entropy_last", "layer2"] == pytest.approx(math.log(2) / math.log(5), abs=1e-2)
    assert found["broadcast", "layer2.anchor_1"] == pytest.approx(0.5, abs=1e-2)
    assert found["broadcast", "layer2.anchor_2"] == pytest.approx(0.5, abs=1e-2)
    assert found["broadcast", "layer1.anchor_2"] == pytest.approx(0, abs=1e-2)


def test_sequences_that_end_in_an_anchor_do_not_broadcast(smoke, tmp_path):
    """There the last token would read itself: a model that reads itself only has no broadcast."""
    smoke["datasets"]["anchor"] |= {"length": 5, "split_modulus": 7}
    run = small_run(smoke, tmp_path)
    eye = torch.eye(12, 24)
    positions = torch.zeros(20, 24)
    positions[:12, :12] = 40 * torch.eye(12)
    same = {f"layers.0.attn.{side}.weight": eye for side in "qk"} | {"positions.weight": positions}
    run.weights.update(same | {"tokens.weight": torch.zeros(201, 24)})
    found = scores(probe(run, {"sequences": 50}))
    assert found["entropy", "layer1"] == pytest.approx(0, abs=1e-6)
    assert found["broadcast", "layer1.anchor_2"] == pytest.approx(0, abs=1e-6)
