"""The decoder in its plain form: full sequences, one model, nothing saved.

This is the definition that probes look into and that every faster evaluation is tested against. Shape
suffixes: B sequences, N positions, D width of the residual stream, H heads, K width of a head, F hidden width,
V vocabulary.
"""

from __future__ import annotations

import math

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from initscale.models.spec import ModelSpec


class Attention(nn.Module):
    """Causal multi-head self-attention without biases: softmax(Q K^T / sqrt(d_head)) V W_O."""

    def __init__(self, spec: ModelSpec):
        super().__init__()
        self.n_heads, self.d_head = spec.n_heads, spec.d_head
        self.q = nn.Linear(spec.d_model, spec.d_attention, bias=False)
        self.k = nn.Linear(spec.d_model, spec.d_attention, bias=False)
        self.v = nn.Linear(spec.d_model, spec.d_attention, bias=False)
        self.o = nn.Linear(spec.d_attention, spec.d_model, bias=False)
        self.dropout = nn.Dropout(spec.dropout)

    def forward(self, x_BND: Tensor) -> Tensor:
        B, N, _ = x_BND.shape
        q_BHNK, k_BHNK, v_BHNK = (
            w(x_BND).view(B, N, self.n_heads, self.d_head).transpose(1, 2) for w in (self.q, self.k, self.v)
        )
        scores_BHNN = q_BHNK @ k_BHNK.mT / math.sqrt(self.d_head)
        future_NN = torch.ones(N, N, dtype=torch.bool, device=x_BND.device).triu(1)
        weights_BHNN = scores_BHNN.masked_fill(future_NN, -math.inf).softmax(-1)
        mixed_BNHK = (self.dropout(weights_BHNN) @ v_BHNK).transpose(1, 2)
        return self.o(mixed_BNHK.reshape(B, N, -1))


class FeedForward(nn.Module):
    """Two linear layers without biases and a ReLU or (exact) GELU between them."""

    def __init__(self, spec: ModelSpec):
        super().__init__()
        self.up = nn.Linear(spec.d_model, spec.d_ff, bias=False)
        self.down = nn.Linear(spec.d_ff, spec.d_model, bias=False)
        self.activation = {"relu": F.relu, "gelu": F.gelu}[spec.activation]

    def forward(self, x_BND: Tensor) -> Tensor:
        return self.down(self.activation(self.up(x_BND)))


class Layer(nn.Module):
    """Attention and feed-forward block, each with a residual connection and a LayerNorm.

    post (the paper):  X_ao = LN(X + attn(X)),  X_do = LN(X_ao + ffn(X_ao))
    pre:               X_ao = X + attn(LN(X)),  X_do = X_ao + ffn(LN(X_ao))
    none:              X_ao = X + attn(X),      X_do = X_ao + ffn(X_ao)

    With dropout, what attn and ffn add passes through it.
    """

    def __init__(self, spec: ModelSpec):
        super().__init__()
        self.attn = Attention(spec)
        self.attn_norm = _norm(spec, spec.norm != "none")
        self.ffn = FeedForward(spec)
        self.ffn_norm = _norm(spec, spec.norm != "none")
        self.dropout = nn.Dropout(spec.dropout)
        self.post_norm = spec.norm == "post"

    def forward(self, x_BND: Tensor) -> Tensor:
        if self.post_norm:
            x_BND = self.attn_norm(x_BND + self.dropout(self.attn(x_BND)))
            return self.ffn_norm(x_BND + self.dropout(self.ffn(x_BND)))
        x_BND = x_BND + self.dropout(self.attn(self.attn_norm(x_BND)))
        return x_BND + self.dropout(self.ffn(self.ffn_norm(x_BND)))


def _norm(spec: ModelSpec, present: bool) -> nn.Module:
    return nn.LayerNorm(spec.d_model) if present else nn.Identity()


class OutputBias(nn.Module):
    """What is left of the output layer if its weight is the token embedding."""

    def __init__(self, vocabulary: int):
        super().__init__()
        self.bias = nn.Parameter(torch.empty(vocabulary))


class Decoder(nn.Module):
    """Decoder-only transformer with learned positions and an untied output (paper, Appendix A), or a tied one (GPT-2).

    Weights are not initialized here: load those of ``initscale.models.init.initial_weights``.
    """

    def __init__(self, spec: ModelSpec):
        super().__init__()
        self.spec = spec
        self.tokens = nn.Embedding(spec.vocabulary, spec.d_model)
        self.positions = nn.Embedding(spec.max_positions, spec.d_model)
        self.layers = nn.ModuleList(Layer(spec) for _ in range(spec.depth))
        self.final_norm = _norm(spec, spec.final_norm)
        self.dropout = nn.Dropout(spec.dropout)
        self.output = OutputBias(spec.vocabulary) if spec.tied else nn.Linear(spec.d_model, spec.vocabulary)

    def forward(self, tokens_BN: Tensor) -> Tensor:
        """Logits at every position, shape (B, N, V)."""
        x_BND = self.dropout(self.tokens(tokens_BN) + self.positions.weight[: tokens_BN.shape[1]])
        for layer in self.layers:
            x_BND = layer(x_BND)
        x_BND = self.final_norm(x_BND)
        return x_BND @ self.tokens.weight.T + self.output.bias if self.spec.tied else self.output(x_BND)

    @classmethod
    def with_weights(cls, spec: ModelSpec, weights: dict[str, Tensor]) -> Decoder:
        """A decoder that holds ``weights`` (all of them, and no others)."""
        with torch.device("meta"):
            model = cls(spec)
        model.load_state_dict(weights, assign=True)
        return model
