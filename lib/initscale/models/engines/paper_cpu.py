"""One post-norm, single-head ReLU decoder (the paper's), made of the blocks in
``initscale.models.engines.paper_cpu_blocks``.

The same savings as ``initscale.models.engines.stacked``, one more (position 0 once per token), and fewer passes over
memory: the engine of a CPU. Gradients are added to the weights' ``.grad``.
"""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn import functional as F

from initscale.models.engines.paper_cpu_blocks import (
    Attention,
    Fixed,
    LastAttention,
    LookUpAttention,
    NormFeedForwardNorm,
)
from initscale.models.engines.stacked import StackedDecoder
from initscale.models.spec import ModelSpec

_BEHIND_ATTENTION = (
    "attn_norm.weight",
    "attn_norm.bias",
    "ffn.up.weight",
    "ffn.down.weight",
    "ffn_norm.weight",
    "ffn_norm.bias",
)


def is_covered(spec: ModelSpec, runs: int) -> bool:
    """Whether this engine can train such a model."""
    paper_like = spec.norm == "post" and spec.activation == "relu" and spec.n_heads == 1 and not spec.final_norm
    return paper_like and spec.dropout == 0 and runs == 1 and spec.depth > 1


class PaperDecoder:
    """Loss and gradients of one decoder at the last position.

    Parameters
    ----------
    stacked : the same model with a leading run axis of length one; weights and index tables are shared with it.
    part : sequences that are worked on at once.
    compute_dtype : precision of the matrix products; None for that of the weights.
    """

    def __init__(self, stacked: StackedDecoder, part: int, compute_dtype: torch.dtype | None = None):
        self.stacked, self.spec, self.part = stacked, stacked.spec, part
        self.scale = stacked.spec.d_head**-0.5
        self.compute_dtype = compute_dtype or stacked.weights["output.weight"].dtype
        self.future_MN = stacked.future_NN[1:]

    def loss_and_gradients(self, index_BN: Tensor, labels_B: Tensor) -> Tensor:
        """Mean loss; adds the gradients of all weights to their ``.grad``.

        The batch is worked off in parts that fit into the cache. Tables belong to all parts: their gradients are
        collected first and carried back to the weights once.
        """
        weights = {name: weight.squeeze(0) for name, weight in self.stacked.weights.items()}
        tables = self._tables(weights)
        grads = [torch.zeros_like(table) for table in tables]
        # autograd must see that a look-up needs a gradient, although its tables get theirs by another way
        leaves = [table.detach().requires_grad_() for table in tables]
        loss = torch.zeros((), dtype=tables[0].dtype)
        for index_bN, labels_b in zip(index_BN.split(self.part), labels_B.split(self.part), strict=True):
            part_loss = self._part_loss(weights, leaves, grads, index_bN, labels_b) / len(labels_B)
            part_loss.backward()
            loss += part_loss.detach()
        torch.autograd.backward(tables, grads)
        return loss

    def _tables(self, weights: dict[str, Tensor]) -> list[Tensor]:
        """The first layer's three tables; for each middle layer keys and values at position 0 by token, (T, 2K);
        the last layer's input there, (T, D).
        """
        x_SD, scores_SS, values_SD = self.stacked.tables()
        tables = [x_SD.squeeze(0), scores_SS.squeeze(0).squeeze(0), values_SD.squeeze(0)]  # the only run and head
        T = len(self.stacked.tokens)
        first_TD = self._behind_attention(weights, 0, tables[0][:T] + tables[2][:T])
        for layer in range(1, self.spec.depth - 1):
            k, v, o = (weights[f"layers.{layer}.attn.{name}.weight"] for name in "kvo")
            tables.append(first_TD @ torch.cat([k, v]).T)
            value_TK = tables[-1][:, len(k) :]
            first_TD = self._behind_attention(weights, layer, torch.addmm(first_TD, value_TK, o.T))
        return [*tables, first_TD]

    def _part_loss(self, weights, tables, grads, index_BN: Tensor, labels_B: Tensor) -> Tensor:
        token_B = index_BN[:, 0]
        slots_BN = index_BN + self.stacked.offsets_N
        x_YD = LookUpAttention.apply(*tables[:3], slots_BN, self.future_MN, grads[:3])
        x_YD = self._behind_attention(weights, 0, x_YD)
        for layer in range(1, self.spec.depth - 1):
            q, k, v, o = (weights[f"layers.{layer}.attn.{name}.weight"] for name in "qkvo")
            fixed = Fixed(token_B, self.scale, self.compute_dtype, grads[layer + 2], self.future_MN)
            x_YD = Attention.apply(x_YD, tables[layer + 2], torch.cat([q, k, v]), o, fixed)
            x_YD = self._behind_attention(weights, layer, x_YD)
        last = self.spec.depth - 1
        qkvo = (weights[f"layers.{last}.attn.{name}.weight"] for name in "qkvo")
        fixed = Fixed(token_B, self.scale, self.compute_dtype, grads[-1])
        x_BD = LastAttention.apply(x_YD, tables[-1], *qkvo, fixed)
        x_BD = self._behind_attention(weights, last, x_BD)
        logits_BV = torch.addmm(weights["output.bias"], x_BD, weights["output.weight"].T)
        return F.cross_entropy(logits_BV, labels_B, reduction="sum")

    def _behind_attention(self, weights: dict[str, Tensor], layer: int, x_XD: Tensor) -> Tensor:
        parts = (weights[f"layers.{layer}.{name}"] for name in _BEHIND_ATTENTION)
        return NormFeedForwardNorm.apply(x_XD, *parts, self.compute_dtype)
