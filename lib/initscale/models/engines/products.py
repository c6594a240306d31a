"""Matrix products of R stacked runs. On a CPU a batch of one is several times slower than the plain product.

With ``compute_dtype`` (bf16) the operands are rounded to that type and the result has it, as under autocast.
"""

from __future__ import annotations

import torch
from torch import Tensor


def product(a_RXY: Tensor, b_RYZ: Tensor, compute_dtype: torch.dtype | None = None) -> Tensor:
    """a b for each run, (R, X, Z)."""
    if compute_dtype is not None:
        a_RXY, b_RYZ = a_RXY.to(compute_dtype), b_RYZ.to(compute_dtype)
    if len(a_RXY) == 1:
        return torch.mm(a_RXY.squeeze(0), b_RYZ.squeeze(0)).unsqueeze(0)  # views: indexing would copy gradients
    return torch.bmm(a_RXY, b_RYZ)


def product_plus(c_RXZ: Tensor, a_RXY: Tensor, b_RYZ: Tensor, compute_dtype: torch.dtype | None = None) -> Tensor:
    """c + a b for each run, (R, X, Z), in the precision of c."""
    if compute_dtype is not None:
        return c_RXZ + product(a_RXY, b_RYZ, compute_dtype)
    if len(a_RXY) == 1:
        return torch.addmm(c_RXZ.squeeze(0), a_RXY.squeeze(0), b_RYZ.squeeze(0)).unsqueeze(0)
    return torch.baddbmm(c_RXZ, a_RXY, b_RYZ)


def linear(x_RXD: Tensor, w_RED: Tensor, compute_dtype: torch.dtype | None = None) -> Tensor:
    """x W^T for each run: (R, X, D), (R, E, D) -> (R, X, E)."""
    return product(x_RXD, w_RED.mT, compute_dtype)
