"""Matrix products of R stacked runs. On a CPU a batch of one is several times slower than the plain product."""

from __future__ import annotations

import torch
from torch import Tensor


def product(a_RXY: Tensor, b_RYZ: Tensor) -> Tensor:
    """a b for each run, (R, X, Z)."""
    if len(a_RXY) == 1:
        return torch.mm(a_RXY.squeeze(0), b_RYZ.squeeze(0)).unsqueeze(0)  # views: indexing would copy gradients
    return torch.bmm(a_RXY, b_RYZ)


def product_plus(c_RXZ: Tensor, a_RXY: Tensor, b_RYZ: Tensor) -> Tensor:
    """c + a b for each run, (R, X, Z)."""
    if len(a_RXY) == 1:
        return torch.addmm(c_RXZ.squeeze(0), a_RXY.squeeze(0), b_RYZ.squeeze(0)).unsqueeze(0)
    return torch.baddbmm(c_RXZ, a_RXY, b_RYZ)


def linear(x_RXD: Tensor, w_RED: Tensor) -> Tensor:
    """x W^T for each run: (R, X, D), (R, E, D) -> (R, X, E)."""
    return product(x_RXD, w_RED.mT)
