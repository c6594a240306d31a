"""The blocks of one post-norm, single-head ReLU decoder as operations with their gradients written out.

Autograd's own versions of these blocks make some twenty passes over the largest tensors of a step and allocate
each result anew; on a CPU that costs as much as the products. Here residuals and their gradients are part of the
products, the ReLU works in place, and the gradients of look-up tables go straight into one buffer.

Shape suffixes: B sequences, N positions, X = B x N rows, D residual width, K head width, F hidden width, S slots.
"""

from __future__ import annotations

import torch
from torch import Tensor
from torch.autograd import Function
from torch.autograd.function import once_differentiable

_norm, _norm_backward = torch.ops.aten.native_layer_norm, torch.ops.aten.native_layer_norm_backward
_relu_backward = torch.ops.aten.threshold_backward.grad_input
_EPS = 1e-5


class LookUpAttention(Function):
    """First layer: x[slots] + softmax(scores[slot pairs]) values[slots], both looked up.

    ``forward(x_SD, scores_SS, values_SD, slots_BN, future_NN, grads)`` gives (X, D). The gradients of the three tables
    are added to the tensors in ``grads``; autograd gets None for them.
    """

    @staticmethod
    def forward(ctx, x_SD, scores_SS, values_SD, slots_BN, future_NN, grads):
        (B, N), S = slots_BN.shape, len(x_SD)
        pairs_Z = (slots_BN[:, :, None] * S + slots_BN[:, None, :]).flatten()
        scores_BNN = scores_SS.flatten().index_select(0, pairs_Z).view(B, N, N)
        a_BNN = torch.softmax(scores_BNN.masked_fill_(future_NN, -torch.inf), -1)
        slots_X = slots_BN.flatten()
        values_BND = values_SD.index_select(0, slots_X).view(B, N, -1)
        out_BND = x_SD.index_select(0, slots_X).view(B, N, -1).baddbmm_(a_BNN, values_BND)
        ctx.save_for_backward(a_BNN, values_BND, slots_X, pairs_Z)
        ctx.grads = grads
        return out_BND.view(B * N, -1)

    @staticmethod
    @once_differentiable
    def backward(ctx, grad_XD):
        a_BNN, values_BND, slots_X, pairs_Z = ctx.saved_tensors
        x_grad_SD, scores_grad_SS, values_grad_SD = ctx.grads
        grad_BND = grad_XD.view_as(values_BND)
        x_grad_SD.index_add_(0, slots_X, grad_XD)
        values_grad_SD.index_add_(0, slots_X, torch.bmm(a_BNN.mT, grad_BND).flatten(0, 1))
        scores_BNN = _softmax_backward(torch.bmm(grad_BND, values_BND.mT), a_BNN)
        scores_grad_SS.view(-1).index_add_(0, pairs_Z, scores_BNN.flatten())
        return None, None, None, None, None, None


class Attention(Function):
    """A layer's attention with its residual at every position.

    ``forward(x_XD, qkv_3KD, o_DK, future_NN, scale)`` gives x + W_O softmax(scale Q K^T) V, (X, D). The three
    weights of queries, keys and values come stacked.
    """

    @staticmethod
    def forward(ctx, x_XD, qkv_3KD, o_DK, future_NN, scale):
        N, K = len(future_NN), o_DK.shape[1]
        qkv_BN3K = torch.mm(x_XD, qkv_3KD.T).view(-1, N, 3 * K)
        q_BNK, k_BNK, v_BNK = qkv_BN3K.split(K, dim=2)
        scores_BNN = torch.bmm(q_BNK, k_BNK.mT).mul_(scale)
        a_BNN = torch.softmax(scores_BNN.masked_fill_(future_NN, -torch.inf), -1)
        mixed_XK = torch.bmm(a_BNN, v_BNK).view(-1, K)
        ctx.save_for_backward(x_XD, qkv_3KD, o_DK, qkv_BN3K, a_BNN, mixed_XK)
        ctx.scale = scale
        return torch.addmm(x_XD, mixed_XK, o_DK.T)

    @staticmethod
    @once_differentiable
    def backward(ctx, grad_XD):
        x_XD, qkv_3KD, o_DK, qkv_BN3K, a_BNN, mixed_XK = ctx.saved_tensors
        K = o_DK.shape[1]
        q_BNK, k_BNK, v_BNK = qkv_BN3K.split(K, dim=2)
        mixed_grad_BNK = torch.mm(grad_XD, o_DK).view_as(q_BNK)
        scores_BNN = _softmax_backward(torch.bmm(mixed_grad_BNK, v_BNK.mT), a_BNN).mul_(ctx.scale)
        parts = torch.bmm(scores_BNN, k_BNK), torch.bmm(scores_BNN.mT, q_BNK), torch.bmm(a_BNN.mT, mixed_grad_BNK)
        grad_X3K = torch.cat(parts, dim=2).view(-1, 3 * K)
        x_grad_XD = torch.addmm(grad_XD, grad_X3K, qkv_3KD)
        return x_grad_XD, torch.mm(grad_X3K.T, x_XD), torch.mm(grad_XD.T, mixed_XK), None, None


class LastAttention(Function):
    """The last layer's attention with its residual, at the last position only.

    ``forward(x_BND, q_KD, k_KD, v_KD, o_DK, scale)`` gives (B, D). Keys and values need no product per position:
    q.(W_K x_j) = (W_K^T q).x_j and sum_j a_j (W_V x_j) = W_V (sum_j a_j x_j).
    """

    @staticmethod
    def forward(ctx, x_BND, q_KD, k_KD, v_KD, o_DK, scale):
        last_BD = x_BND[:, -1].contiguous()
        q_BK = torch.mm(last_BD, q_KD.T)
        folded_BD = torch.mm(q_BK, k_KD).mul_(scale)
        a_BN = torch.bmm(x_BND, folded_BD.unsqueeze(2)).squeeze(2).softmax(-1)
        mixed_BD = torch.bmm(a_BN.unsqueeze(1), x_BND).squeeze(1)
        v_BK = torch.mm(mixed_BD, v_KD.T)
        ctx.save_for_backward(x_BND, q_KD, k_KD, v_KD, o_DK, last_BD, q_BK, folded_BD, a_BN, mixed_BD, v_BK)
        ctx.scale = scale
        return torch.addmm(last_BD, v_BK, o_DK.T)

    @staticmethod
    @once_differentiable
    def backward(ctx, grad_BD):
        x_BND, q_KD, k_KD, v_KD, o_DK, last_BD, q_BK, folded_BD, a_BN, mixed_BD, v_BK = ctx.saved_tensors
        v_grad_BK = torch.mm(grad_BD, o_DK)
        mixed_grad_BD = torch.mm(v_grad_BK, v_KD)
        scores_BN = _softmax_backward(torch.bmm(x_BND, mixed_grad_BD.unsqueeze(2)).squeeze(2), a_BN)
        folded_grad_BD = torch.bmm(scores_BN.unsqueeze(1), x_BND).squeeze(1).mul_(ctx.scale)
        q_grad_BK = torch.mm(folded_grad_BD, k_KD.T)
        # both ways into x_j at once: as a value (a_j times its gradient) and as a key (score gradient times query)
        x_grad_BND = torch.bmm(torch.stack([a_BN, scores_BN], 2), torch.stack([mixed_grad_BD, folded_BD], 1))
        x_grad_BND[:, -1] += torch.addmm(grad_BD, q_grad_BK, q_KD)
        return (
            x_grad_BND,
            torch.mm(q_grad_BK.T, last_BD),
            torch.mm(q_BK.T, folded_grad_BD),
            torch.mm(v_grad_BK.T, mixed_BD),
            torch.mm(grad_BD.T, v_BK),
            None,
        )


class NormFeedForwardNorm(Function):
    """Everything of a post-norm layer behind its attention, row by row.

    ``forward(x_XD, gain_1, shift_1, up_FD, down_DF, gain_2, shift_2)`` gives LN_2(y + W_down relu(W_up y)) with
    y = LN_1(x), (X, D).
    """

    @staticmethod
    def forward(ctx, x_XD, gain_1, shift_1, up_FD, down_DF, gain_2, shift_2):
        y_XD, *moments_1 = _norm(x_XD, x_XD.shape[-1:], gain_1, shift_1, _EPS)
        hidden_XF = torch.mm(y_XD, up_FD.T).relu_()
        z_XD = torch.addmm(y_XD, hidden_XF, down_DF.T)
        out_XD, *moments_2 = _norm(z_XD, z_XD.shape[-1:], gain_2, shift_2, _EPS)
        ctx.save_for_backward(x_XD, gain_1, shift_1, up_FD, down_DF, gain_2, shift_2, y_XD, hidden_XF, z_XD)
        ctx.moments = moments_1, moments_2
        return out_XD

    @staticmethod
    @once_differentiable
    def backward(ctx, grad_XD):
        x_XD, gain_1, shift_1, up_FD, down_DF, gain_2, shift_2, y_XD, hidden_XF, z_XD = ctx.saved_tensors
        moments_1, moments_2 = ctx.moments
        width, wanted = x_XD.shape[-1:], (True, True, True)
        z_grad_XD, *norm_2 = _norm_backward(grad_XD, z_XD, width, *moments_2, gain_2, shift_2, wanted)
        down_grad_DF = torch.mm(z_grad_XD.T, hidden_XF)
        hidden_grad_XF = torch.mm(z_grad_XD, down_DF)
        _relu_backward(hidden_grad_XF, hidden_XF, 0, grad_input=hidden_grad_XF)
        up_grad_FD = torch.mm(hidden_grad_XF.T, y_XD)
        y_grad_XD = z_grad_XD.addmm_(hidden_grad_XF, up_FD)
        x_grad_XD, *norm_1 = _norm_backward(y_grad_XD, x_XD, width, *moments_1, gain_1, shift_1, wanted)
        return x_grad_XD, *norm_1, up_grad_FD, down_grad_DF, *norm_2


def _softmax_backward(grad: Tensor, a: Tensor) -> Tensor:
    """Gradient of the scores, given that of the softmax ``a`` over the last axis."""
    return torch.ops.aten._softmax_backward_data(grad, a, -1, a.dtype)
