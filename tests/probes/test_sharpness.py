"""The probe sharpness on small runs."""

from __future__ import annotations

import pytest
import torch
from companion_runs import small_run
from made_up_runs import scores
from torch.nn import functional as F

from initscale.probes.sharpness.measure import adam_scale, kernel, probe
from initscale.probes.training_rows import training_rows

OPTIONS = {
    "sequences": 64, "batches": 2, "batch": 100, "kernel_sequences": 6, "draws": 2, "tolerance": 1e-3, "products": 200,
}  # fmt: skip


def test_at_the_first_weights_nothing_has_moved(smoke, tmp_path):
    run = small_run(smoke, tmp_path)
    found = scores(probe(run, OPTIONS))
    assert found["kernel_cosine", ""] == pytest.approx(1.0)
    assert found["kernel_relative", ""] == pytest.approx(0.0, abs=1e-6)
    assert found["output_relative", ""] == 1.0
    assert found["output_norm", ""] == pytest.approx(run.weights["output.weight"].norm().item(), rel=1e-6)
    tokens_BN, labels_B = training_rows(run, 64)
    assert found["loss", ""] == pytest.approx(F.cross_entropy(run.model()(tokens_BN)[:, -1], labels_B).item(), rel=1e-5)
    assert found["sequences", ""] == 64
    for name in ("lambda_max", "lambda_preconditioned"):
        assert found[name, ""] > 0
        assert found["residual", name] < 1e-2
        assert 8 < found["products", name] <= 210


def test_a_larger_output_has_moved_the_kernel(smoke, tmp_path):
    first = small_run(smoke, tmp_path).weights["output.weight"]
    found = scores(probe(small_run(smoke, tmp_path, {"output.weight": 3 * first}), OPTIONS))
    assert found["output_relative", ""] == pytest.approx(3.0, rel=1e-6)
    assert found["kernel_relative", ""] > 0.1
    assert found["kernel_cosine", ""] < 0.999


def test_kernel_against_gradients_one_by_one(smoke, tmp_path):
    run = small_run(smoke, tmp_path)
    tokens_BN, labels_B = training_rows(run, 4)
    model = run.model().requires_grad_(True)
    rows = []
    for tokens_N, label in zip(tokens_BN, labels_B, strict=True):
        model.zero_grad()
        model(tokens_N[None])[0, -1, label].backward()
        rows.append(torch.cat([w.grad.flatten() for w in model.parameters()]))
    wanted_BB = torch.stack(rows) @ torch.stack(rows).T
    torch.testing.assert_close(kernel(run.spec, run.weights, tokens_BN, labels_B), wanted_BB, rtol=1e-4, atol=1e-5)


def test_second_moments_are_means_of_squared_batch_gradients(smoke, tmp_path):
    run = small_run(smoke, tmp_path)
    tokens_BN, labels_B = training_rows(run, 200)
    model = run.model().requires_grad_(True)
    bias = model.output.bias
    scale_P, norm = adam_scale(model, [bias], tokens_BN, labels_B, 0.5, OPTIONS)
    gradients = []
    for part in (slice(0, 100), slice(100, 200)):
        residual_BV = model(tokens_BN[part])[:, -1].softmax(-1) - F.one_hot(labels_B[part], 201)
        gradients.append(residual_BV.mean(0).detach())
    v_P = sum(g**2 for g in gradients) / 2
    torch.testing.assert_close(scale_P, (v_P.sqrt() + 0.5) ** -0.5)
    assert norm == pytest.approx(sum(g.norm().item() for g in gradients) / 2, rel=1e-4)


def test_training_rows_are_the_first_ones(smoke, tmp_path, data):
    run = small_run(smoke, tmp_path)
    tokens_BN, labels_B = training_rows(run, 30)
    assert torch.equal(tokens_BN, data.tokens_Nn[:30])
    assert torch.equal(labels_B, data.labels_N[:30])
