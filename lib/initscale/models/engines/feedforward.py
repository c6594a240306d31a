"""The feed-forward block as one differentiable operation: fewer and in-place passes over the hidden layer.

The hidden layer is the largest tensor of a step (88 MB at the paper's widths). Autograd's own version writes
it before and after the ReLU and once more for the gradient; here the ReLU and its gradient work in place.
"""

from __future__ import annotations

import torch
from torch import Tensor

from initscale.models.engines.products import product


class ReluFeedForward(torch.autograd.Function):
    """relu(x W_up^T) W_down^T for R stacked models; x (R, X, D), W_up (R, F, D), W_down (R, D, F).

    ``compute_dtype`` is the precision of the products (None: that of x).
    """

    @staticmethod
    def forward(
        ctx, x_RXD: Tensor, up_RFD: Tensor, down_RDF: Tensor, compute_dtype: torch.dtype | None = None
    ) -> Tensor:
        hidden_RXF = product(x_RXD, up_RFD.mT, compute_dtype).relu_()
        ctx.save_for_backward(x_RXD, up_RFD, down_RDF, hidden_RXF)
        ctx.compute_dtype = compute_dtype
        return product(hidden_RXF, down_RDF.mT, compute_dtype)

    @staticmethod
    @torch.autograd.function.once_differentiable
    def backward(ctx, grad_RXD: Tensor) -> tuple[Tensor, Tensor, Tensor, None]:
        x_RXD, up_RFD, down_RDF, hidden_RXF = ctx.saved_tensors
        compute_dtype = ctx.compute_dtype
        grad_down_RDF = product(grad_RXD.mT, hidden_RXF, compute_dtype)
        grad_hidden_RXF = product(grad_RXD, down_RDF, compute_dtype)
        # zero where the ReLU was closed; written into the gradient itself
        torch.ops.aten.threshold_backward.grad_input(grad_hidden_RXF, hidden_RXF, 0, grad_input=grad_hidden_RXF)
        return (
            product(grad_hidden_RXF, up_RFD, compute_dtype),
            product(grad_hidden_RXF.mT, x_RXD, compute_dtype),
            grad_down_RDF,
            None,
        )
