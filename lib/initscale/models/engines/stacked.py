"""R decoders of equal shape at once, evaluated exactly where the anchor task looks: at the last position.

Everything here equals ``initscale.models.decoder.Decoder`` algebraically; tests hold loss and every gradient
against it. What is saved, and why it is exact:

* Only the last position is scored, so the last layer needs its query, feed-forward block and norms at one
  position. Its keys and values need no product per position either: q.(W_K x_j) = (W_K^T q).x_j and
  sum_j a_j (W_V x_j) = W_V (sum_j a_j x_j).
* The input of the first layer is one of T x N (token, position) combinations ("slots"; T tokens occur in the
  task). Queries, keys, values, the scores between all slots and, for one head, W_O W_V x are computed once per
  slot and looked up.

Shape suffixes: R runs, B sequences, N positions, D residual width, H heads, K head width, S slots, X rows
(B x N flattened), V vocabulary. Weights have the run axis first: layers.0.attn.q.weight is (R, H*K, D).
"""

from __future__ import annotations

import math
from typing import NamedTuple

import torch
from torch import Tensor
from torch.nn import functional as F

from initscale.models.engines.feedforward import ReluFeedForward
from initscale.models.engines.products import linear, product_plus
from initscale.models.spec import ModelSpec

Weights = dict[str, Tensor]


class SlotTables(NamedTuple):
    """What the first layer needs of every slot, computed once per step.

    Attributes
    ----------
    inputs_RSD : token plus position embedding.
    scores_RHSS : attention score of every slot (query) with every slot (key).
    values_RSE : values; for one head with W_O applied.
    """

    inputs_RSD: Tensor
    scores_RHSS: Tensor
    values_RSE: Tensor


class StackedDecoder:
    """Exact evaluation of R decoders at the last position.

    Parameters
    ----------
    spec : shape shared by all runs.
    weights : name -> tensor with a leading run axis; kept, not copied.
    tokens : int64, the T token ids that occur in the data; inputs are indices into it.
    length : positions per sequence, N.
    compute_dtype : precision of the matrix products (bf16); None for that of the weights. Residual stream, norms,
    softmax and
        the tables of the first layer keep the precision of the weights.
    """

    def __init__(
        self, spec: ModelSpec, weights: Weights, tokens: Tensor, length: int, compute_dtype: torch.dtype | None = None
    ):
        self.spec, self.weights, self.tokens, self.length, self.compute_dtype = (
            spec,
            weights,
            tokens,
            length,
            compute_dtype,
        )
        device = tokens.device
        positions_N = torch.arange(length, device=device)
        self.offsets_N = positions_N * len(tokens)
        self.future_NN = torch.ones(length, length, dtype=torch.bool, device=device).triu(1)

    def tables(self) -> SlotTables:
        """Tables of the first layer; pass them to ``last_logits``, once or for several parts of a batch."""
        tokens_RTD = self.weights["tokens.weight"][:, self.tokens]
        positions_RND = self.weights["positions.weight"][:, : self.length]
        x_RSD = (positions_RND[:, :, None] + tokens_RTD[:, None]).flatten(1, 2)
        if self.spec.depth == 1:  # the first layer is the last one, which looks up nothing but its input
            return SlotTables(x_RSD, x_RSD[:, :0, None], x_RSD[:, :0])
        w = self._layer(0)
        y_RSD = self._norm("layers.0.attn_norm", x_RSD) if self.spec.norm == "pre" else x_RSD
        q_RHSK, k_RHSK = (self._heads(linear(y_RSD, w[name])) for name in ("attn.q.weight", "attn.k.weight"))
        scores_RHSS = q_RHSK @ k_RHSK.mT * self.spec.d_head**-0.5
        values_RSE = linear(y_RSD, w["attn.v.weight"])
        if self.spec.n_heads == 1:  # fewer products than applying W_O after the mixing
            values_RSE = linear(values_RSE, w["attn.o.weight"])
        return SlotTables(x_RSD, scores_RHSS, values_RSE)

    def last_logits(self, index_RBN: Tensor, tables: SlotTables | None = None) -> Tensor:
        """Logits at the last position, (R, B, V), for token indices (R, B, N)."""
        R, B, N = index_RBN.shape
        tables = tables or self.tables()
        slots_RBN = index_RBN + self.offsets_N
        if self.spec.depth == 1:
            x_RXD = _look_up(tables.inputs_RSD, slots_RBN.flatten(1))
        else:
            x_RXD = self._first_layer(tables, slots_RBN)
        for layer in range(1, self.spec.depth - 1):
            x_RXD = self._middle_layer(layer, x_RXD, B)
        x_RBD = self._last_layer(self.spec.depth - 1, x_RXD.view(R, B, N, -1))
        if self.spec.final_norm:
            x_RBD = self._norm("final_norm", x_RBD)
        return product_plus(self.weights["output.bias"][:, None], x_RBD, self.weights["output.weight"].mT)

    def _first_layer(self, tables: SlotTables, slots_RBN: Tensor) -> Tensor:
        a_RHBNN = self._softmax(self._pair_scores(tables.scores_RHSS, slots_RBN))
        return self._after_attention(0, self._mix_slots(tables, a_RHBNN, slots_RBN))

    def _pair_scores(self, slot_scores_RHSS: Tensor, slots_RBN: Tensor) -> Tensor:
        """Look up the score of every pair of positions, (R, H, B, N, N)."""
        R, H, S, _ = slot_scores_RHSS.shape
        _, B, N = slots_RBN.shape
        pairs_RX = (slots_RBN[..., :, None] * S + slots_RBN[..., None, :]).view(R, 1, -1)
        return slot_scores_RHSS.flatten(2).gather(2, pairs_RX.expand(R, H, -1)).view(R, H, B, N, N)

    def _mix_slots(self, tables: SlotTables, a_RHBNN: Tensor, slots_RBN: Tensor) -> Tensor:
        """Residual plus W_O times the attention-weighted values of the slots, (R, B*N, D)."""
        R, B, N = slots_RBN.shape
        slots_RX = slots_RBN.flatten(1)
        x_RXD, v_RXE = _look_up(tables.inputs_RSD, slots_RX), _look_up(tables.values_RSE, slots_RX)
        if self.spec.n_heads == 1:
            x_YND, v_YND = x_RXD.view(R * B, N, -1), v_RXE.view(R * B, N, -1)
            return torch.baddbmm(x_YND, a_RHBNN.view(R * B, N, N), v_YND).view_as(x_RXD)
        v_RHBNK = v_RXE.view(R, B, N, self.spec.n_heads, -1).permute(0, 3, 1, 2, 4)
        mixed_RXE = (a_RHBNN @ v_RHBNK).permute(0, 2, 3, 1, 4).reshape(R, B * N, -1)
        return product_plus(x_RXD, mixed_RXE, self.weights["layers.0.attn.o.weight"].mT, self.compute_dtype)

    def _middle_layer(self, layer: int, x_RXD: Tensor, B: int) -> Tensor:
        R, H, N, w = x_RXD.shape[0], self.spec.n_heads, self.length, self._layer(layer)
        y_RXD = self._norm(f"layers.{layer}.attn_norm", x_RXD) if self.spec.norm == "pre" else x_RXD
        qkv_RXE = (linear(y_RXD, w[f"attn.{name}.weight"], self.compute_dtype) for name in "qkv")
        q_ZNK, k_ZNK, v_ZNK = (
            x_RXE.view(R, B, N, H, -1).transpose(2, 3).reshape(R * B * H, N, -1) for x_RXE in qkv_RXE
        )
        scores_ZNN = torch.bmm(q_ZNK, k_ZNK.mT).to(x_RXD.dtype) * self.spec.d_head**-0.5
        mixed_ZNK = torch.bmm(self._softmax(scores_ZNN).to(v_ZNK.dtype), v_ZNK)
        mixed_RXE = mixed_ZNK.view(R, B, H, N, -1).transpose(2, 3).reshape(R, B * N, -1)
        return self._after_attention(layer, product_plus(x_RXD, mixed_RXE, w["attn.o.weight"].mT, self.compute_dtype))

    def _last_layer(self, layer: int, x_RBND: Tensor) -> Tensor:
        """The layer's output at the last position only, (R, B, D)."""
        R, B, N, D = x_RBND.shape
        H, w = self.spec.n_heads, self._layer(layer)
        y_RBND = self._norm(f"layers.{layer}.attn_norm", x_RBND) if self.spec.norm == "pre" else x_RBND
        q_RBE = linear(y_RBND[:, :, -1], w["attn.q.weight"])
        # per head: fold W_K into the query, mix the inputs, then apply W_V
        keys_RHKD, values_RHKD = (w[f"attn.{name}.weight"].view(R, H, -1, D) for name in "kv")
        q_RHBK = q_RBE.view(R, B, H, -1).transpose(1, 2)
        folded_RHBD = q_RHBK @ keys_RHKD
        y_YND = y_RBND.reshape(R * B, N, D)
        scores_YHN = torch.bmm(folded_RHBD.transpose(1, 2).reshape(R * B, H, D), y_YND.mT)
        a_YHN = (scores_YHN * self.spec.d_head**-0.5).softmax(-1)
        mixed_RHBD = torch.bmm(a_YHN, y_YND).view(R, B, H, D).transpose(1, 2)
        v_RBE = (mixed_RHBD @ values_RHKD.mT).transpose(1, 2).reshape(R, B, -1)
        x_RBD = product_plus(x_RBND[:, :, -1], v_RBE, w["attn.o.weight"].mT)
        return self._after_attention(layer, x_RBD)

    def _after_attention(self, layer: int, x_RXD: Tensor) -> Tensor:
        """Norms and feed-forward block, row by row."""
        name = f"layers.{layer}"
        if self.spec.norm == "post":
            x_RXD = self._norm(f"{name}.attn_norm", x_RXD)
            return self._norm(f"{name}.ffn_norm", x_RXD + self._feed_forward(layer, x_RXD))
        return x_RXD + self._feed_forward(layer, self._norm(f"{name}.ffn_norm", x_RXD))

    def _feed_forward(self, layer: int, x_RXD: Tensor) -> Tensor:
        w = self._layer(layer)
        if self.spec.activation == "relu":
            return ReluFeedForward.apply(x_RXD, w["ffn.up.weight"], w["ffn.down.weight"], self.compute_dtype)
        return linear(
            F.gelu(linear(x_RXD, w["ffn.up.weight"], self.compute_dtype)), w["ffn.down.weight"], self.compute_dtype
        )

    def _norm(self, name: str, x_RxD: Tensor) -> Tensor:
        """LayerNorm over the last axis with each run's own gain and shift; nothing where the model has none."""
        if f"{name}.weight" not in self.weights:  # norm: none
            return x_RxD
        gain_RD, shift_RD = self.weights[f"{name}.weight"], self.weights[f"{name}.bias"]
        if len(gain_RD) == 1:
            return F.layer_norm(x_RxD, x_RxD.shape[-1:], gain_RD.squeeze(0), shift_RD.squeeze(0))
        ones = (1,) * (x_RxD.dim() - 2)
        normed = F.layer_norm(x_RxD, x_RxD.shape[-1:])
        return normed * gain_RD.view(len(gain_RD), *ones, -1) + shift_RD.view(len(gain_RD), *ones, -1)

    def _softmax(self, scores_xNN: Tensor) -> Tensor:
        return scores_xNN.masked_fill(self.future_NN, -math.inf).softmax(-1)

    def _heads(self, x_RSE: Tensor) -> Tensor:
        return x_RSE.unflatten(-1, (self.spec.n_heads, self.spec.d_head)).transpose(1, 2)

    def _layer(self, layer: int) -> Weights:
        prefix = f"layers.{layer}."
        return {name.removeprefix(prefix): w for name, w in self.weights.items() if name.startswith(prefix)}


def _look_up(table_RSD: Tensor, slots_RX: Tensor) -> Tensor:
    """Rows of each run's table: (R, S, D), (R, X) -> (R, X, D)."""
    R, S, D = table_RSD.shape
    if R == 1:
        return table_RSD.squeeze(0).index_select(0, slots_RX[0]).unsqueeze(0)
    rows_Z = (slots_RX + torch.arange(R, device=slots_RX.device)[:, None] * S).flatten()
    return table_RSD.reshape(R * S, D).index_select(0, rows_Z).view(R, -1, D)
