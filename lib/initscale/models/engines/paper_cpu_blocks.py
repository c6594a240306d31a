"""The blocks of one post-norm, single-head ReLU decoder as operations with their gradients written out.

Autograd's own versions of these blocks make some twenty passes over the largest tensors of a step and allocate
each result anew; on a CPU that costs as much as the products. Here residuals and their gradients are part of the
products, the ReLU works in place, and the gradients of look-up tables go straight into one buffer.

Position 0 sees only itself, so whatever a layer makes of it depends on its token alone: it is computed once per
token and looked up ("first"). The other positions ("rest") are what the blocks work on.

With a lower ``compute_dtype`` (bf16) the products are taken as autocast takes them: operands rounded, sums in float32
inside a product, residual stream and norms in float32.

Shape suffixes: B sequences, N positions, M = N - 1 positions without the first, Y = B x M rows, X any rows, D residual
width, K head width, F hidden width, S slots, T tokens.
"""

from __future__ import annotations

from typing import NamedTuple

import torch
from torch import Tensor
from torch.autograd import Function
from torch.autograd.function import once_differentiable

_norm, _norm_backward = torch.ops.aten.native_layer_norm, torch.ops.aten.native_layer_norm_backward
_relu_backward = torch.ops.aten.threshold_backward.grad_input
_EPS = 1e-5


class Fixed(NamedTuple):
    """What an attention block is given beside tensors with gradients.

    Attributes
    ----------
    token_B : token at position 0 of each sequence, an index into the tables of position 0.
    scale : 1 / sqrt(K).
    compute_dtype : precision of the products.
    first_grad : buffer of the gradient of the table of position 0, which is added to it.
    future_MN : True where a position must not look; of the last position none.
    """

    token_B: Tensor
    scale: float
    compute_dtype: torch.dtype
    first_grad: Tensor
    future_MN: Tensor | None = None


class LookUpAttention(Function):
    """First layer, without position 0: x[slots] + softmax(scores[slot pairs]) values[slots], both looked up.

    ``forward(x_SD, scores_SS, values_SD, slots_BN, future_MN, grads)`` gives (Y, D). The gradients of the three
    tables are added to the tensors in ``grads``; autograd gets None for them.
    """

    @staticmethod
    def forward(ctx, x_SD, scores_SS, values_SD, slots_BN, future_MN, grads):
        (B, N), S = slots_BN.shape, len(x_SD)
        pairs_Z = (slots_BN[:, 1:, None] * S + slots_BN[:, None, :]).flatten()
        scores_BMN = scores_SS.flatten().index_select(0, pairs_Z).view(B, N - 1, N)
        a_BMN = torch.softmax(scores_BMN.masked_fill_(future_MN, -torch.inf), -1)
        values_BND = values_SD.index_select(0, slots_BN.flatten()).view(B, N, -1)
        out_BMD = x_SD.index_select(0, slots_BN[:, 1:].flatten()).view(B, N - 1, -1).baddbmm_(a_BMN, values_BND)
        ctx.save_for_backward(a_BMN, values_BND, slots_BN, pairs_Z)
        ctx.grads = grads
        return out_BMD.view(B * (N - 1), -1)

    @staticmethod
    @once_differentiable
    def backward(ctx, grad_YD):
        a_BMN, values_BND, slots_BN, pairs_Z = ctx.saved_tensors
        x_grad_SD, scores_grad_SS, values_grad_SD = ctx.grads
        grad_BMD = grad_YD.view(*a_BMN.shape[:2], -1)
        x_grad_SD.index_add_(0, slots_BN[:, 1:].flatten(), grad_YD)
        values_grad_SD.index_add_(0, slots_BN.flatten(), torch.bmm(a_BMN.mT, grad_BMD).flatten(0, 1))
        scores_BMN = _softmax_backward(torch.bmm(grad_BMD, values_BND.mT), a_BMN)
        scores_grad_SS.view(-1).index_add_(0, pairs_Z, scores_BMN.flatten())
        return None, None, None, None, None, None


class Attention(Function):
    """A middle layer's attention with its residual, without position 0.

    ``forward(x_YD, first_kv_T2K, qkv_3KD, o_DK, fixed)`` gives x + W_O softmax(scale Q K^T) V, (Y, D). The weights of
    queries, keys and values come stacked; ``first_kv_T2K`` are keys and values of position 0 by token.
    """

    @staticmethod
    def forward(ctx, x_YD, first_kv_T2K, qkv_3KD, o_DK, fixed: Fixed):
        token_B, scale, compute_dtype, _, future_MN = fixed
        B, M, K = len(token_B), len(future_MN), o_DK.shape[1]
        x_YD_low = x_YD.to(compute_dtype)
        qkv_BM3K = torch.mm(x_YD_low, qkv_3KD.to(compute_dtype).T).view(B, M, 3 * K)
        q_BMK = qkv_BM3K[..., :K]
        first_B2K = first_kv_T2K.to(compute_dtype).index_select(0, token_B)
        kv_BN2K = torch.cat([first_B2K[:, None], qkv_BM3K[..., K:]], 1)
        k_BNK, v_BNK = kv_BN2K.split(K, dim=2)
        scores_BMN = torch.bmm(q_BMK, k_BNK.mT).to(x_YD.dtype).mul_(scale)
        a_BMN = torch.softmax(scores_BMN.masked_fill_(future_MN, -torch.inf), -1).to(compute_dtype)
        mixed_YK = torch.bmm(a_BMN, v_BNK).view(B * M, K)
        ctx.save_for_backward(x_YD_low, qkv_3KD, o_DK, q_BMK, kv_BN2K, a_BMN, mixed_YK)
        ctx.fixed = fixed
        return _plus_product(x_YD, mixed_YK, o_DK.T, compute_dtype)

    @staticmethod
    @once_differentiable
    def backward(ctx, grad_YD):
        x_YD_low, qkv_3KD, o_DK, q_BMK, kv_BN2K, a_BMN, mixed_YK = ctx.saved_tensors
        (token_B, scale, compute_dtype, first_grad_T2K, _), K = ctx.fixed, o_DK.shape[1]
        k_BNK, v_BNK = kv_BN2K.split(K, dim=2)
        grad_YD_low = grad_YD.to(compute_dtype)
        mixed_grad_BMK = torch.mm(grad_YD_low, o_DK.to(compute_dtype)).view_as(q_BMK)
        scores_BMN = _softmax_backward(torch.bmm(mixed_grad_BMK, v_BNK.mT), a_BMN).mul_(scale)
        q_grad_BMK = torch.bmm(scores_BMN, k_BNK)
        kv_grad_BN2K = torch.cat([torch.bmm(scores_BMN.mT, q_BMK), torch.bmm(a_BMN.mT, mixed_grad_BMK)], 2)
        first_grad_T2K.index_add_(0, token_B, kv_grad_BN2K[:, 0].to(grad_YD.dtype))
        grad_Y3K = torch.cat([q_grad_BMK, kv_grad_BN2K[:, 1:]], 2).view(-1, 3 * K)
        x_grad_YD = _plus_product(grad_YD, grad_Y3K, qkv_3KD, compute_dtype)
        qkv_grad_3KD, o_grad_DK = torch.mm(grad_Y3K.T, x_YD_low), torch.mm(grad_YD_low.T, mixed_YK)
        return x_grad_YD, None, qkv_grad_3KD, o_grad_DK, None


class LastAttention(Function):
    """The last layer's attention with its residual, at the last position only.

    ``forward(x_YD, first_TD, q_KD, k_KD, v_KD, o_DK, fixed)`` gives (B, D). Keys and values need no product per
    position: q.(W_K x_j) = (W_K^T q).x_j and sum_j a_j (W_V x_j) = W_V (sum_j a_j x_j). ``first_TD`` is the input at
    position 0 by token.
    """

    @staticmethod
    def forward(ctx, x_YD, first_TD, q_KD, k_KD, v_KD, o_DK, fixed: Fixed):
        token_B, scale, compute_dtype = fixed.token_B, fixed.scale, fixed.compute_dtype
        x_BMD = x_YD.view(len(token_B), -1, x_YD.shape[-1])
        x_BND = torch.cat([first_TD.index_select(0, token_B)[:, None], x_BMD], 1)
        last_BD = x_BND[:, -1].contiguous()
        q_BK = _product(last_BD, q_KD.T, compute_dtype)
        folded_BD = _product(q_BK, k_KD, compute_dtype).to(x_YD.dtype).mul_(scale)
        a_BN = _row_products(x_BND, folded_BD).softmax(-1)
        mixed_BD = torch.bmm(a_BN.unsqueeze(1), x_BND).squeeze(1)
        v_BK = _product(mixed_BD, v_KD.T, compute_dtype)
        ctx.save_for_backward(x_BND, q_KD, k_KD, v_KD, o_DK, last_BD, q_BK, folded_BD, a_BN, mixed_BD, v_BK)
        ctx.fixed = fixed
        return _plus_product(last_BD, v_BK, o_DK.T, compute_dtype)

    @staticmethod
    @once_differentiable
    def backward(ctx, grad_BD):
        x_BND, q_KD, k_KD, v_KD, o_DK, last_BD, q_BK, folded_BD, a_BN, mixed_BD, v_BK = ctx.saved_tensors
        token_B, scale, compute_dtype, first_grad_TD, _ = ctx.fixed
        v_grad_BK = _product(grad_BD, o_DK, compute_dtype)
        mixed_grad_BD = _product(v_grad_BK, v_KD, compute_dtype).to(grad_BD.dtype)
        scores_BN = _softmax_backward(_row_products(x_BND, mixed_grad_BD), a_BN)
        folded_grad_BD = torch.bmm(scores_BN.unsqueeze(1), x_BND).squeeze(1).mul_(scale)
        q_grad_BK = _product(folded_grad_BD, k_KD.T, compute_dtype)
        # both ways into x_j at once: as a value (a_j times its gradient) and as a key (score gradient times query)
        x_grad_BND = torch.bmm(torch.stack([a_BN, scores_BN], 2), torch.stack([mixed_grad_BD, folded_BD], 1))
        x_grad_BND[:, -1] += _plus_product(grad_BD, q_grad_BK, q_KD, compute_dtype)
        first_grad_TD.index_add_(0, token_B, x_grad_BND[:, 0])
        return (
            x_grad_BND[:, 1:].reshape(-1, x_BND.shape[-1]),
            None,
            _product(q_grad_BK.T, last_BD, compute_dtype),
            _product(q_BK.T, folded_grad_BD, compute_dtype),
            _product(v_grad_BK.T, mixed_BD, compute_dtype),
            _product(grad_BD.T, v_BK, compute_dtype),
            None,
        )


class NormFeedForwardNorm(Function):
    """Everything of a post-norm layer behind its attention, row by row.

    ``forward(x_XD, gain_1, shift_1, up_FD, down_DF, gain_2, shift_2, compute_dtype)`` gives
    LN_2(y + W_down relu(W_up y)) with y = LN_1(x), (X, D).
    """

    @staticmethod
    def forward(ctx, x_XD, gain_1, shift_1, up_FD, down_DF, gain_2, shift_2, compute_dtype):
        y_XD, *moments_1 = _norm(x_XD, x_XD.shape[-1:], gain_1, shift_1, _EPS)
        y_XD_low = y_XD.to(compute_dtype)
        hidden_XF = torch.mm(y_XD_low, up_FD.to(compute_dtype).T).relu_()
        # y is kept in the precision of the products only, so its float32 copy can take the sum
        add = _plus_product if y_XD_low is y_XD else _plus_product_
        z_XD = add(y_XD, hidden_XF, down_DF.T, compute_dtype)
        out_XD, *moments_2 = _norm(z_XD, z_XD.shape[-1:], gain_2, shift_2, _EPS)
        ctx.save_for_backward(x_XD, gain_1, shift_1, up_FD, down_DF, gain_2, shift_2, y_XD_low, hidden_XF, z_XD)
        ctx.moments, ctx.compute_dtype = (moments_1, moments_2), compute_dtype
        return out_XD

    @staticmethod
    @once_differentiable
    def backward(ctx, grad_XD):
        x_XD, gain_1, shift_1, up_FD, down_DF, gain_2, shift_2, y_XD_low, hidden_XF, z_XD = ctx.saved_tensors
        (moments_1, moments_2), compute_dtype = ctx.moments, ctx.compute_dtype
        width, wanted = x_XD.shape[-1:], (True, True, True)
        z_grad_XD, *norm_2 = _norm_backward(grad_XD, z_XD, width, *moments_2, gain_2, shift_2, wanted)
        z_grad_XD_low = z_grad_XD.to(compute_dtype)
        down_grad_DF = torch.mm(hidden_XF.T, z_grad_XD_low).T  # this way round: faster in bf16
        hidden_grad_XF = torch.mm(z_grad_XD_low, down_DF.to(compute_dtype))
        _relu_backward(hidden_grad_XF, hidden_XF, 0, grad_input=hidden_grad_XF)
        up_grad_FD = torch.mm(hidden_grad_XF.T, y_XD_low)
        y_grad_XD = _plus_product_(z_grad_XD, hidden_grad_XF, up_FD, compute_dtype)
        x_grad_XD, *norm_1 = _norm_backward(y_grad_XD, x_XD, width, *moments_1, gain_1, shift_1, wanted)
        return x_grad_XD, *norm_1, up_grad_FD, down_grad_DF, *norm_2, None


def _row_products(x_BND: Tensor, y_BD: Tensor) -> Tensor:
    """x_bn . y_b, (B, N). A batched product with a vector takes several times longer on a CPU."""
    return (x_BND * y_BD[:, None]).sum(-1)


def _product(a: Tensor, b: Tensor, compute_dtype: torch.dtype) -> Tensor:
    """a b in the precision of products."""
    return torch.mm(a.to(compute_dtype), b.to(compute_dtype))


def _plus_product(c: Tensor, a: Tensor, b: Tensor, compute_dtype: torch.dtype) -> Tensor:
    """c + a b, in the precision of c."""
    return torch.addmm(c, a, b) if c.dtype == compute_dtype else c + _product(a, b, compute_dtype)


def _plus_product_(c: Tensor, a: Tensor, b: Tensor, compute_dtype: torch.dtype) -> Tensor:
    """The same, written into c."""
    return c.addmm_(a, b) if c.dtype == compute_dtype else c.add_(_product(a, b, compute_dtype))


def _softmax_backward(grad: Tensor, a: Tensor) -> Tensor:
    """Gradient of the scores, given that of the softmax ``a`` over the last axis."""
    return torch.ops.aten._softmax_backward_data(grad, a, -1, a.dtype)
