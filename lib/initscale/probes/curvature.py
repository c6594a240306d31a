"""Curvature of a loss and the tangent kernel of an output, as functions of the weights.

Suffixes: P all parameters side by side, in the order of the weights; B sequences.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from scipy.sparse.linalg import ArpackError, LinearOperator, eigsh
from torch import Tensor

Product = Callable[[np.ndarray], np.ndarray]
_BASIS = (
    8  # vectors of the Krylov space: tops of these Hessians are well apart, and eigsh's 20 takes twice the products
)


@dataclass(frozen=True)
class Eigenvalue:
    """Largest eigenvalue of a symmetric operator, nan if it did not converge.

    Attributes
    ----------
    value : the eigenvalue, with its sign.
    vector_P : its unit eigenvector.
    products : how many products with the operator it took.
    residual : |A x - value x| / |value|.
    """

    value: float
    vector_P: np.ndarray
    products: int
    residual: float


def flat(tensors: Sequence[Tensor]) -> Tensor:
    """All numbers side by side, (P,)."""
    return torch.cat([tensor.flatten() for tensor in tensors])


def gradient(loss: Tensor, weights: Sequence[Tensor], keep: bool = False) -> Tensor:
    """Gradient of a scalar by all weights, (P,); ``keep`` the graph for another one."""
    return flat(torch.autograd.grad(loss, weights, retain_graph=keep, materialize_grads=True))


def hessian_product(loss: Tensor, weights: Sequence[Tensor]) -> Product:
    """Product of the Hessian of ``loss`` with a vector (P,), by a second backward pass.

    The graph of the first one is kept as long as the function lives.
    """
    slopes = torch.autograd.grad(loss, weights, create_graph=True, materialize_grads=True)
    shapes, sizes = [weight.shape for weight in weights], [weight.numel() for weight in weights]

    def product(x_P: np.ndarray) -> np.ndarray:
        x_P = torch.from_numpy(np.array(x_P, dtype=np.float32).ravel())
        directions = [part.view(shape) for part, shape in zip(x_P.split(sizes), shapes, strict=True)]
        found = torch.autograd.grad(slopes, weights, directions, retain_graph=True, materialize_grads=True)
        return flat(found).numpy()

    return product


def preconditioned(product: Product, scale_P: np.ndarray) -> Product:
    """Product with S A S for the diagonal matrix S = diag(``scale_P``)."""
    return lambda x_P: scale_P * product(scale_P * np.ravel(x_P))


def largest_eigenvalue(product: Product, size: int, tolerance: float, most: int, seed: int = 0) -> Eigenvalue:
    """Largest signed eigenvalue by Lanczos iterations (ARPACK, implicitly restarted).

    A power iteration would find the eigenvalue of the largest size, which is often negative early in a training.

    Parameters
    ----------
    product : x -> A x.
    size : P.
    tolerance : relative accuracy at which it stops.
    most : products after which it gives up (it may finish the restart it is in).
    seed : of the first vector.
    """
    count = 0

    def counted(x_P: np.ndarray) -> np.ndarray:
        nonlocal count
        count += 1
        return product(x_P)

    operator = LinearOperator((size, size), matvec=counted, dtype=np.float32)
    start_P = np.random.default_rng(seed).standard_normal(size).astype(np.float32)
    basis = min(_BASIS, size)
    try:
        values, vectors_P1 = eigsh(
            operator, k=1, which="LA", v0=start_P, ncv=basis, tol=tolerance, maxiter=max(1, most // basis)
        )
    except ArpackError:  # not converged in time
        return Eigenvalue(np.nan, np.full(size, np.nan), count, np.nan)
    value, vector_P = float(values[0]), vectors_P1[:, 0]
    residual = np.linalg.norm(product(vector_P) - value * vector_P) / abs(value) if value else np.nan
    return Eigenvalue(value, vector_P, count, float(residual))


def tangent_kernel(
    output: Callable[..., Tensor], weights: Mapping[str, Tensor], inputs: Tensor, *more: Tensor
) -> Tensor:
    """K_ij = grad output(x_i) . grad output(x_j), gradients by all weights, (B, B).

    All B gradients are in memory at once.

    Parameters
    ----------
    output : (weights, one input, ...) -> a scalar.
    weights : where the gradients are taken.
    inputs, more : arguments of ``output`` with a leading axis B.
    """
    per_input = torch.func.vmap(torch.func.grad(output), in_dims=(None, *[0] * (1 + len(more))))
    gradients = per_input(dict(weights), inputs, *more)
    rows = [part.reshape(len(inputs), -1) for part in gradients.values()]
    return sum(part_BP @ part_BP.T for part_BP in rows)


def kernel_drift(first_BB: Tensor, last_BB: Tensor) -> tuple[float, float]:
    """Cosine of two kernels and |K - K_0|_F / |K_0|_F: (1, 0) if nothing moved."""
    first_BB, last_BB = first_BB.double(), last_BB.double()
    norm = torch.linalg.norm(first_BB)
    cosine = (first_BB * last_BB).sum() / (norm * torch.linalg.norm(last_BB))
    return cosine.item(), (torch.linalg.norm(last_BB - first_BB) / norm).item()
