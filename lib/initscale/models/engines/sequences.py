"""One decoder of any shape on sequences of different lengths: logits where they are scored, and greedy continuations.

Equal to ``initscale.models.decoder.Decoder`` up to rounding; tests hold loss and every gradient against it. What is
saved: attention without the matrix of its weights (PyTorch's fused operation), and behind the last layer's attention
only scored positions are worked on.

Shape suffixes: B sequences, N positions, S scored positions of all sequences, X any rows, D residual width, E width of
all heads together, H heads, K head width, V vocabulary.
"""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn import functional as F

from initscale.models.spec import ModelSpec

Weights = dict[str, Tensor]
_ACTIVATIONS = {"relu": F.relu, "gelu": F.gelu}


class SequenceDecoder:
    """A decoder on padded sequences.

    Parameters
    ----------
    spec : its shape.
    weights : name -> tensor, without a run axis; kept, not copied.
    compute_dtype : precision of the matrix products (bf16); None for that of the weights. Residual stream and norms
    keep that of
        the weights.
    """

    def __init__(self, spec: ModelSpec, weights: Weights, compute_dtype: torch.dtype | None = None):
        self.spec, self.weights, self.compute_dtype = spec, weights, compute_dtype
        self.output = "tokens" if spec.tied else "output"

    def scored_logits(self, tokens_BN: Tensor, scored_S: Tensor) -> Tensor:
        """Logits at the positions ``scored_S`` (indices into the flattened B x N), (S, V).

        Attention is causal, so what stands behind a sequence cannot reach its own positions.
        """
        x_BND = self.embed(tokens_BN, torch.arange(tokens_BN.shape[1], device=tokens_BN.device))
        last = self.spec.depth - 1
        for layer in range(self.spec.depth):
            mixed_BNE = self._mix(*self._heads(layer, x_BND))
            if layer == last:
                x_SD, mixed_SE = x_BND.flatten(0, 1)[scored_S], mixed_BNE.flatten(0, 1)[scored_S]
                return self.logits(self.after_attention(layer, x_SD, mixed_SE))
            x_BND = self.after_attention(layer, x_BND, mixed_BNE)
        raise AssertionError("a decoder has a layer")

    def embed(self, tokens_x: Tensor, positions_x: Tensor) -> Tensor:
        """Token plus position embedding."""
        return F.embedding(tokens_x, self.weights["tokens.weight"]) + self.weights["positions.weight"][positions_x]

    def _heads(self, layer: int, x_BND: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """Queries, keys and values, each (B, H, N, K)."""
        name = f"layers.{layer}.attn"
        y_BND = self._norm(f"{name}_norm", x_BND) if self.spec.norm == "pre" else x_BND
        weights_3ED = torch.cat([self.weights[f"{name}.{part}.weight"] for part in "qkv"])
        qkv = self._linear(y_BND, weights_3ED).unflatten(-1, (3, self.spec.n_heads, self.spec.d_head))
        return qkv.permute(2, 0, 3, 1, 4).unbind(0)

    @staticmethod
    def _mix(q_BHNK: Tensor, k_BHNK: Tensor, v_BHNK: Tensor) -> Tensor:
        """Causal attention, (B, N, E)."""
        return F.scaled_dot_product_attention(q_BHNK, k_BHNK, v_BHNK, is_causal=True).transpose(1, 2).flatten(2)

    def after_attention(self, layer: int, x_XD: Tensor, mixed_XE: Tensor) -> Tensor:
        """W_O, residuals, norms and feed-forward block, row by row."""
        name = f"layers.{layer}"
        x_XD = x_XD + self._linear(mixed_XE, self.weights[f"{name}.attn.o.weight"])
        if self.spec.norm == "post":
            x_XD = self._norm(f"{name}.attn_norm", x_XD)
            return self._norm(f"{name}.ffn_norm", x_XD + self._feed_forward(name, x_XD))
        return x_XD + self._feed_forward(name, self._norm(f"{name}.ffn_norm", x_XD))

    def _feed_forward(self, name: str, x_XD: Tensor) -> Tensor:
        hidden_XF = _ACTIVATIONS[self.spec.activation](self._linear(x_XD, self.weights[f"{name}.ffn.up.weight"]))
        return self._linear(hidden_XF, self.weights[f"{name}.ffn.down.weight"])

    def logits(self, x_XD: Tensor) -> Tensor:
        """Output of the residual stream behind the last layer, (X, V)."""
        x_XD = self._norm("final_norm", x_XD) if self.spec.final_norm else x_XD
        return F.linear(x_XD, self.weights[f"{self.output}.weight"], self.weights["output.bias"])

    def _linear(self, x_XD: Tensor, w_ED: Tensor) -> Tensor:
        return (
            F.linear(x_XD, w_ED)
            if self.compute_dtype is None
            else F.linear(x_XD.to(self.compute_dtype), w_ED.to(self.compute_dtype))
        )

    def _norm(self, name: str, x_XD: Tensor) -> Tensor:
        if f"{name}.weight" not in self.weights:  # norm: none
            return x_XD
        return F.layer_norm(x_XD, x_XD.shape[-1:], self.weights[f"{name}.weight"], self.weights[f"{name}.bias"])

    @torch.no_grad()
    def continuations(self, tokens_BN: Tensor, starts_B: Tensor, eos: int, max_new_tokens: int) -> list[list[int]]:
        """Greedy continuations of prompts, each up to and including the token ``eos``, or of ``max_new_tokens`` tokens.

        Parameters
        ----------
        tokens_BN : prompts, padded on the right.
        starts_B : length of each prompt.
        eos : the token that stops a continuation.
        max_new_tokens : largest number of tokens; also never more than the model has positions for.

        Keys and values are kept, so every token passes the layers once.
        """
        cache = self._prompt_cache(tokens_BN, min(tokens_BN.shape[1] + max_new_tokens, self.spec.max_positions))
        rows_B, at_B = torch.arange(len(tokens_BN), device=tokens_BN.device), starts_B.to(tokens_BN.device) - 1
        token_B = tokens_BN[rows_B, at_B]
        new_tokens: list[list[int]] = [[] for _ in range(len(tokens_BN))]
        for _ in range(max_new_tokens):
            token_B = self._next(token_B, at_B, rows_B, cache).argmax(-1)
            at_B = at_B + 1
            for row, token in zip(rows_B.tolist(), token_B.tolist(), strict=True):
                new_tokens[row].append(token)
            goes_on_B = (token_B != eos) & (at_B < self.spec.max_positions)
            rows_B, at_B, token_B = rows_B[goes_on_B], at_B[goes_on_B], token_B[goes_on_B]
            if not len(rows_B):
                break
        return new_tokens

    def _prompt_cache(self, tokens_BN: Tensor, length: int) -> list[tuple[Tensor, Tensor]]:
        """Keys and values of the prompts, for each layer (B, H, length, K); zero behind them."""
        x_BND = self.embed(tokens_BN, torch.arange(tokens_BN.shape[1], device=tokens_BN.device))
        cache, behind = [], (0, 0, 0, length - tokens_BN.shape[1])
        for layer in range(self.spec.depth):
            q_BHNK, k_BHNK, v_BHNK = self._heads(layer, x_BND)
            cache.append((F.pad(k_BHNK, behind), F.pad(v_BHNK, behind)))
            x_BND = self.after_attention(layer, x_BND, self._mix(q_BHNK, k_BHNK, v_BHNK))
        return cache

    def _next(self, token_B: Tensor, at_B: Tensor, rows_B: Tensor, cache: list[tuple[Tensor, Tensor]]) -> Tensor:
        """Logits behind ``token_B``, which stand at the positions ``at_B`` of the sequences ``rows_B``."""
        x_BD = self.embed(token_B, at_B)
        seen_B11N = torch.arange(cache[0][0].shape[2], device=at_B.device) <= at_B[:, None, None, None]
        for layer, (keys, values) in enumerate(cache):
            q_BH1K, k_BH1K, v_BH1K = self._heads(layer, x_BD[:, None])
            keys[rows_B, :, at_B], values[rows_B, :, at_B] = k_BH1K[:, :, 0], v_BH1K[:, :, 0]
            past = keys[rows_B], values[rows_B]
            mixed_BH1K = F.scaled_dot_product_attention(q_BH1K, *past, attn_mask=seen_B11N)
            x_BD = self.after_attention(layer, x_BD, mixed_BH1K.flatten(1))
        return self.logits(x_BD)
