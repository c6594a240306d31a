"""One post-norm, single-head ReLU decoder (the paper's), made of the blocks in ``initscale.models.blocks``.

The same savings as ``initscale.models.stacked``, with fewer passes over memory: the engine of a CPU. Gradients are
added to the weights' ``.grad``.
"""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn import functional as F

from initscale.models.blocks import Attention, LastAttention, LookUpAttention, NormFeedForwardNorm
from initscale.models.spec import ModelSpec
from initscale.models.stacked import StackedDecoder

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
    return paper_like and runs == 1 and spec.depth > 1


class SingleDecoder:
    """Loss and gradients of one decoder at the last position.

    Parameters
    ----------
    stacked : the same model with a leading run axis of length one; weights and index tables are shared with it.
    part : sequences that are worked on at once.
    """

    def __init__(self, stacked: StackedDecoder, part: int):
        self.stacked, self.spec, self.part = stacked, stacked.spec, part
        self.scale = stacked.spec.d_head**-0.5

    def loss_and_gradients(self, index_BN: Tensor, labels_B: Tensor) -> Tensor:
        """Mean cross-entropy of a batch; adds the gradients to ``.grad`` of the stacked weights.

        The tables of the first layer belong to all parts of the batch: their gradients are collected first and
        carried back to the weights once.
        """
        tables = [table.squeeze(0) for table in self.stacked.tables()]
        tables[1] = tables[1].squeeze(0)  # the only head
        grads = [torch.zeros_like(table) for table in tables]
        # autograd must see that the look-up needs a gradient, although its tables get theirs by another way
        leaves = [table.detach().requires_grad_() for table in tables]
        weights = {name: weight.squeeze(0) for name, weight in self.stacked.weights.items()}
        slots_BN = index_BN + self.stacked.offsets_N
        loss = torch.zeros((), dtype=tables[0].dtype)
        for slots_bN, labels_b in zip(slots_BN.split(self.part), labels_B.split(self.part), strict=True):
            part_loss = self._part_loss(weights, leaves, grads, slots_bN, labels_b) / len(labels_B)
            part_loss.backward()
            loss += part_loss.detach()
        torch.autograd.backward(tables, grads)
        return loss

    def _part_loss(self, weights, tables, grads, slots_BN: Tensor, labels_B: Tensor) -> Tensor:
        future_NN, (B, N) = self.stacked.future_NN, slots_BN.shape
        x_XD = LookUpAttention.apply(*tables, slots_BN, future_NN, grads)
        x_XD = self._behind_attention(weights, 0, x_XD)
        for layer in range(1, self.spec.depth - 1):
            names = (f"layers.{layer}.attn.{name}.weight" for name in "qkv")
            qkv_3KD = torch.cat([weights[name] for name in names])
            x_XD = Attention.apply(x_XD, qkv_3KD, weights[f"layers.{layer}.attn.o.weight"], future_NN, self.scale)
            x_XD = self._behind_attention(weights, layer, x_XD)
        last = self.spec.depth - 1
        names = (f"layers.{last}.attn.{name}.weight" for name in "qkvo")
        x_BD = LastAttention.apply(x_XD.view(B, N, -1), *(weights[name] for name in names), self.scale)
        x_BD = self._behind_attention(weights, last, x_BD)
        logits_BV = torch.addmm(weights["output.bias"], x_BD, weights["output.weight"].T)
        return F.cross_entropy(logits_BV, labels_B, reduction="sum")

    @staticmethod
    def _behind_attention(weights: dict[str, Tensor], layer: int, x_XD: Tensor) -> Tensor:
        return NormFeedForwardNorm.apply(x_XD, *(weights[f"layers.{layer}.{name}"] for name in _BEHIND_ATTENTION))
