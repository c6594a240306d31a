"""Attention weights of any model, and how much flows between positions (Fig 3)."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Mapping, Sequence

import pandas as pd
import torch
from torch import Tensor, nn

from initscale.errors import InputError
from initscale.models.decoder import Decoder
from initscale.probes.hooks import capture

Positions = int | Tensor


def attention_flow(
    attention: nn.Module | Sequence[Tensor], tokens: Tensor | None = None, roles: Mapping[str, Positions] | None = None
) -> pd.DataFrame:
    """How much each position reads from each earlier one: attention, mean over sequences and heads, layer by layer.

    Parameters
    ----------
    attention : attention weights of every layer, (B, H, N, N) with [query, source]; or a model: this project's decoder,
        one of the Hugging Face library, or any module that has ``torch.nn.MultiheadAttention`` layers.
    tokens : what a model reads, int64 (B, N).
    roles : name -> position, for all sequences or of each, (B,); negative ones count from the end. All positions under
        their numbers, if left out.

    Returns
    -------
    Columns layer (from 1), query, source, value (share of the query's total of 1). Pairs in which every source is
    behind its query are left out.

    Raises
    ------
    InputError for a model whose attention weights cannot be had.
    """
    if isinstance(attention, nn.Module):
        if tokens is None:
            raise InputError("a model needs tokens to read", where="attention_flow")
        attention = attention_weights(attention, tokens)
    rows = []
    for layer, weights_BHNN in enumerate(attention, start=1):
        rows += _flows(layer, weights_BHNN.detach().double().mean(1), roles)
    return pd.DataFrame(rows, columns=["layer", "query", "source", "value"])


@torch.no_grad()
def attention_weights(model: nn.Module, tokens: Tensor) -> list[Tensor]:
    """Attention weights of every layer, each (B, H, N, N), [query, source], in evaluation mode."""
    was_training = model.training
    try:
        model.eval()
        return _weights(model, tokens)
    finally:
        model.train(was_training)


def _weights(model: nn.Module, tokens: Tensor) -> list[Tensor]:
    if isinstance(model, Decoder):
        names = [f"layer{layer}.attn.weights" for layer in range(1, model.spec.depth + 1)]
        return list(capture(model, tokens, names).values())
    if hasattr(model, "config") and hasattr(model.config, "output_attentions"):
        found = model(tokens, output_attentions=True).attentions
        if not found or any(weights is None for weights in found):
            raise InputError(
                "gave no attention weights",
                where=type(model).__name__,
                hint='build it with `attn_implementation="eager"`; the fused kernels keep none',
            )
        return list(found)
    with _kept(model) as kept:
        model(tokens)
    if not kept:
        raise InputError(
            "has no `torch.nn.MultiheadAttention` layer, whose weights could be kept",
            where=type(model).__name__,
            hint="give the attention weights themselves, (B, H, N, N) of every layer",
        )
    return kept


@contextlib.contextmanager
def _kept(model: nn.Module) -> Iterator[list[Tensor]]:
    """What every ``MultiheadAttention`` gives as weights, in the order of the calls."""
    kept: list[Tensor] = []

    def ask(_, args, kwargs):
        return args, {**kwargs, "need_weights": True, "average_attn_weights": False}

    with contextlib.ExitStack() as stack:
        for layer in model.modules():
            if isinstance(layer, nn.MultiheadAttention):
                stack.callback(layer.register_forward_pre_hook(ask, with_kwargs=True).remove)
                stack.callback(layer.register_forward_hook(lambda _, __, output: kept.append(output[1])).remove)
        yield kept


def _flows(layer: int, weights_BNN: Tensor, roles: Mapping[str, Positions] | None) -> list[tuple]:
    B, N, _ = weights_BNN.shape
    named = roles or {str(position): position for position in range(N)}
    places = {role: _places(role, positions, B, N) for role, positions in named.items()}
    row_B = torch.arange(B)
    return [
        (layer, query, source, weights_BNN[row_B, query_B, source_B].mean().item())
        for query, query_B in places.items()
        for source, source_B in places.items()
        if (source_B <= query_B).any()
    ]


def _places(role: str, positions: Positions, B: int, N: int) -> Tensor:
    position_B = torch.as_tensor(positions).expand(B)
    if ((position_B < -N) | (position_B >= N)).any():
        raise InputError(f"has a position outside of {N} tokens", where=f"attention_flow: role `{role}`")
    return position_B % N
