"""Eigenvalues by Lanczos and tangent kernels, against dense matrices and models with a known answer."""

from __future__ import annotations

import copy

import numpy as np
import pytest
import torch
from torch.nn import functional as F

from initscale.models.decoder import Decoder
from initscale.models.initializations.per_tensor import initial_weights
from initscale.models.scale import InitSpec
from initscale.models.spec import ModelSpec, parameters
from initscale.probes.curvature import (
    flat,
    gradient,
    hessian_product,
    kernel_drift,
    largest_eigenvalue,
    preconditioned,
    tangent_kernel,
)

SPEC = ModelSpec(4, 1, 2, 3, 1, 6, 3, "post", "relu", False)
LIMITS = {"tolerance": 1e-5, "most": 500}


@pytest.fixture
def tiny():
    """A decoder of about 150 parameters, its parameters in order, tokens and labels."""
    torch.manual_seed(0)
    model = Decoder.with_weights(SPEC, initial_weights(SPEC, InitSpec(0.3), 0))
    weights = [model.get_parameter(p.name) for p in parameters(SPEC)]
    return model, weights, torch.randint(6, (20, 3)), torch.randint(6, (20,))


def dense_hessian(model, weights, tokens_BN, labels_B) -> np.ndarray:
    """Central differences of the gradient in float64 (torch.func.hessian is wrong behind a LayerNorm, torch 2.13)."""
    model = copy.deepcopy(model).double()
    weights = [model.get_parameter(p.name) for p in parameters(SPEC)]

    def slope(at_P):
        for weight, part in zip(weights, at_P.split([w.numel() for w in weights]), strict=True):
            weight.data = part.view(weight.shape)
        return gradient(F.cross_entropy(model(tokens_BN)[:, -1], labels_B), weights)

    at_P = flat([weight.detach() for weight in weights])
    steps_PP = 1e-6 * torch.eye(len(at_P), dtype=torch.float64)
    return torch.stack([(slope(at_P + step) - slope(at_P - step)) / 2e-6 for step in steps_PP]).numpy()


def test_lanczos_against_the_dense_hessian(tiny):
    model, weights, tokens_BN, labels_B = tiny
    h_PP = dense_hessian(*tiny)
    product = hessian_product(F.cross_entropy(model(tokens_BN)[:, -1], labels_B), weights)
    found = largest_eigenvalue(product, len(h_PP), **LIMITS)
    values_P, vectors_PP = np.linalg.eigh(h_PP)
    assert values_P[-1] > 1.05 * values_P[-2]  # else the eigenvector is not determined
    assert found.value == pytest.approx(values_P[-1], rel=1e-4)
    assert abs(found.vector_P @ vectors_PP[:, -1]) == pytest.approx(1.0, abs=1e-3)
    assert found.residual < 1e-3
    assert 8 < found.products < len(h_PP)


def test_preconditioned_against_the_dense_matrix(tiny):
    model, weights, tokens_BN, labels_B = tiny
    h_PP = dense_hessian(*tiny)
    s_P = np.random.default_rng(1).uniform(0.1, 3.0, len(h_PP)).astype(np.float32)
    product = hessian_product(F.cross_entropy(model(tokens_BN)[:, -1], labels_B), weights)
    found = largest_eigenvalue(preconditioned(product, s_P), len(h_PP), **LIMITS)
    assert found.value == pytest.approx(np.linalg.eigvalsh(s_P[:, None] * h_PP * s_P)[-1], rel=1e-4)


def test_the_largest_one_has_a_sign():
    """Power iteration would give -10."""
    d_P = np.array([-10.0, -4.0, 0.5, 1.0, 3.0, 2.0, 1.5, 0.1, -1.0, -2.0], dtype=np.float32)
    assert largest_eigenvalue(lambda x_P: d_P * np.ravel(x_P), 10, **LIMITS).value == pytest.approx(3.0, rel=1e-5)


def test_all_negative():
    d_P = -np.arange(1, 31, dtype=np.float32)
    assert largest_eigenvalue(lambda x_P: d_P * np.ravel(x_P), 30, **LIMITS).value == pytest.approx(-1.0, rel=1e-3)


def test_no_number_without_convergence():
    d_P = np.linspace(0.9999, 1.0, 2000, dtype=np.float32)
    found = largest_eigenvalue(lambda x_P: d_P * np.ravel(x_P), 2000, tolerance=1e-12, most=8)
    assert np.isnan([found.value, found.residual]).all()
    assert found.products > 0


def test_the_kernel_of_a_linear_model_stays():
    x_BD, draw = torch.randn(7, 5), torch.Generator().manual_seed(0)

    def linear(weights, x_D):
        return weights["w"] @ x_D + weights["b"]

    kernels = [
        tangent_kernel(linear, {"w": torch.randn(5, generator=draw), "b": torch.randn((), generator=draw)}, x_BD)
        for _ in range(2)
    ]
    torch.testing.assert_close(kernels[0], x_BD @ x_BD.T + 1)
    assert kernel_drift(*kernels) == pytest.approx((1.0, 0.0), abs=1e-6)


def test_the_kernel_of_a_product_grows_with_the_weights():
    """z = a (b . x): gradients b . x and a x; twice the weights make a kernel four times as large."""
    x_BD = torch.randn(7, 5)
    first = {"a": torch.tensor(2.0), "b": torch.randn(5)}
    product = lambda weights, x_D: weights["a"] * (weights["b"] @ x_D)  # noqa: E731
    kernels = [tangent_kernel(product, {k: size * w for k, w in first.items()}, x_BD) for size in (1, 2)]
    z_B = x_BD @ first["b"]
    torch.testing.assert_close(kernels[0], z_B[:, None] * z_B + 4 * x_BD @ x_BD.T)
    assert kernel_drift(*kernels) == pytest.approx((1.0, 3.0), rel=1e-5)
