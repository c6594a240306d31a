"""The probe change on planted changes of known rank, with weight decay."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from companion_runs import small_run
from made_up_runs import scores

from initscale.models.initializations import initial_weights_of
from initscale.models.spec import ModelSpec
from initscale.probes.change.measure import changes, decay_factor, probe, spectrum_of

OPTIONS = {"top": 1}


def planted(rows: int, columns: int, singular: list[float], seed: int = 0) -> torch.Tensor:
    draw = np.random.default_rng(seed)
    u, v = (np.linalg.qr(draw.normal(size=(n, n)))[0][:, : len(singular)] for n in (rows, columns))
    return torch.from_numpy(u * singular @ v.T)


def strong_decay(smoke: dict) -> dict:
    smoke["training"]["single_head"]["weight_decay"] = 5.0
    return smoke


def trained(run, added: dict[str, torch.Tensor]) -> dict[str, torch.Tensor]:
    """Weights after a training that adds ``added`` to what the decay leaves."""
    c = decay_factor(run.facts, 60)
    return {name: (c * w.double() + added.get(name, 0)).float() for name, w in run.initial_weights().items()}


def test_planted_low_rank_change_under_decay(smoke, tmp_path):
    run = small_run(strong_decay(smoke), tmp_path)
    run.weights.update(trained(run, {"layers.1.ffn.up.weight": planted(48, 24, [3.0, 1.0])}))
    found = scores(probe(run, OPTIONS))
    assert found["change_stable_rank", "layers.1.ffn.up"] == pytest.approx(10 / 9, rel=1e-4)
    assert found["change_top_share", "layers.1.ffn.up"] == pytest.approx(0.9, rel=1e-4)
    kept = decay_factor(run.facts, 60) * run.initial_weights()["layers.1.ffn.up.weight"].norm().item()
    assert found["change_relative", "layers.1.ffn.up"] == pytest.approx(10**0.5 / kept, rel=1e-4)
    # the source's difference holds what decay took away, too: here of a weight that training did not change
    assert found["difference_stable_rank", "layers.0.ffn.up"] > 5
    assert found["change_relative", "layers.0.ffn.up"] < 1e-6
    assert 0.6 < found["decay_factor", ""] < 0.8


def test_decay_factor_follows_the_schedule(smoke, tmp_path):
    """Ten steps of warm-up from 1e-5 to 2e-3, then half a cosine; test_finished_run has it against a real training."""
    run, factor = small_run(strong_decay(smoke), tmp_path), 1.0
    for step in range(60):
        cosine = 1e-5 + (2e-3 - 1e-5) * 0.5 * (1 + np.cos(np.pi * (step - 10) / 50))
        factor *= 1 - 5.0 * (1e-5 + (2e-3 - 1e-5) * step / 10 if step < 10 else cosine)
        assert decay_factor(run.facts, step + 1) == pytest.approx(factor, rel=1e-12)


def test_products_are_those_of_query_and_key_and_of_output_and_value(smoke, tmp_path):
    """A rank-one change of Q with a full-rank K is a rank-one change of the product."""
    run = small_run(smoke, tmp_path)
    added = {"layers.0.attn.q.weight": planted(12, 24, [2.0]), "layers.1.attn.v.weight": planted(12, 24, [1.0, 1.0])}
    run.weights.update(trained(run, added))
    found = scores(probe(run, OPTIONS))
    assert found["change_stable_rank", "layers.0.qk"] == pytest.approx(1.0, rel=1e-4)
    assert 1.01 < found["change_stable_rank", "layers.1.ov"] <= 2.001
    c, first = decay_factor(run.facts, 60), run.initial_weights()
    q, k = (first[f"layers.0.attn.{side}.weight"].double() for side in "qk")
    relative = (added["layers.0.attn.q.weight"].T @ (c * k)).norm() / (c**2 * q.T @ k).norm()
    assert found["change_relative", "layers.0.qk"] == pytest.approx(relative.item(), rel=1e-4)


def test_heads_are_measured_one_by_one(smoke):
    facts = smoke["models"]["gpt2"] | {"depth": 1, "n_heads": 2, "d_head": 12}
    spec = ModelSpec.from_config(facts)
    first = initial_weights_of(facts, 0)
    last = dict(first)
    last["layers.0.attn.k.weight"] = torch.eye(24)  # with Q = (a, b) below: changes of rank 1 and of rank 3
    first["layers.0.attn.q.weight"] = torch.zeros(24, 24)
    last["layers.0.attn.q.weight"] = torch.cat([planted(12, 24, [2.0]), planted(12, 24, [1.0] * 3)]).float()
    found = {(r.quantity, r.part): r.value for frame in changes(spec, first, last, 1.0, 1) for r in frame.itertuples()}
    assert found["change_stable_rank", "layers.0.qk"] == pytest.approx((1 + 3) / 2, rel=1e-4)


def test_means_and_items(smoke, tmp_path):
    run = small_run(smoke, tmp_path)
    ffn = {f"layers.{layer}.ffn.up.weight": planted(48, 24, [1.0] * (layer + 1)) for layer in (0, 1)}
    ffn |= {f"layers.{layer}.ffn.down.weight": planted(24, 48, [1.0] * (layer + 3)) for layer in (0, 1)}
    tokens = torch.zeros(201, 24)
    tokens[20:40] = planted(20, 24, [1.0, 1.0])
    tokens[100] = 50.0  # no item
    run.weights.update(trained(run, ffn | {"tokens.weight": tokens}))
    found = scores(probe(run, OPTIONS))
    assert found["change_stable_rank", "ffn"] == pytest.approx((1 + 2 + 3 + 4) / 4, rel=1e-3)
    assert found["change_stable_rank", "tokens"] == pytest.approx(2.0, rel=1e-3)


def test_distance_of_all_parameters(smoke, tmp_path):
    run = small_run(smoke, tmp_path)
    run.weights.update({name: 3 * w for name, w in run.initial_weights().items()})
    found = scores(probe(run, OPTIONS))
    assert found["parameters_relative", ""] == pytest.approx(2.0, rel=1e-6)
    assert found["parameters_cosine", ""] == pytest.approx(1.0, rel=1e-6)


def test_rank_of_nothing_is_not_a_number():
    assert np.isnan(spectrum_of(np.zeros((3, 2)), 1)).all()
    assert spectrum_of(np.eye(4), 1) == pytest.approx((4.0, 0.25))
