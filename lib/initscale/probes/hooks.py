"""Named looks into the plain decoder: hidden states by name, and a forward pass with blocked attention.

Shape suffixes: B sequences, N positions, D width of the residual stream, H heads, K width of a head, F hidden
width, V vocabulary. Layers count from 1 as in the paper, whose symbol is in the last column.

=========================  =======  =========================================================  ===============
name                       shape    what                                                       paper
=========================  =======  =========================================================  ===============
``embed``                  B N D    token plus position embedding, the input of layer 1        X(1)
``layerL.in``              B N D    input of layer L                                           X(L)
``layerL.attn.q``          B N HK   queries                                                    Q(L)
``layerL.attn.k``          B N HK   keys                                                       K(L)
``layerL.attn.v``          B N HK   values                                                     V(L)
``layerL.attn.weights``    B H N N  attention matrix, softmax(Q K^T / sqrt(K)); [query, key]   A(L)
``layerL.attn.mixed``      B N HK   attention matrix times values                              Xqkv(L)
``layerL.attn.out``        B N D    the same times W_O                                         Xqkv(L) W_O
``layerL.ao``              B N D    attention block's output (post: behind its norm)           Xao(L)
``layerL.ffn.hidden``      B N F    feed-forward units behind the non-linearity
``layerL.ffn.out``         B N D    feed-forward block's output before residual and norm
``layerL.do``              B N D    output of layer L                                          Xdo(L) = X(L+1)
``logits``                 B N V    output of the model
=========================  =======  =========================================================  ===============

The decoder itself is not changed for this: it is an input of every training. Attention weights, which it does not
keep, are computed again from the captured queries and keys.
"""

from __future__ import annotations

import contextlib
import difflib
import math
import re
from collections.abc import Iterable, Mapping

import torch
from torch import Tensor, nn

from initscale.errors import ConfigError
from initscale.models.decoder import Attention, Decoder

# point -> module inside the layer and the side of it to look at ("" is the layer itself)
_POINTS = {
    "in": ("", "input"),
    "attn.q": ("attn.q", "output"),
    "attn.k": ("attn.k", "output"),
    "attn.v": ("attn.v", "output"),
    "attn.mixed": ("attn.o", "input"),
    "attn.out": ("attn", "output"),
    "ao": ("attn_norm", "output"),
    "ffn.hidden": ("ffn.down", "input"),
    "ffn.out": ("ffn", "output"),
    "do": ("", "output"),
}
_PRE_NORM = _POINTS | {"ao": ("ffn_norm", "input")}


def known_names(depth: int) -> list[str]:
    """Every name that a model of this depth has."""
    points = [*_POINTS, "attn.weights"]
    return ["embed", "logits", *(f"layer{layer}.{point}" for layer in range(1, depth + 1) for point in points)]


def capture(model: Decoder, tokens_BN: Tensor, names: Iterable[str]) -> dict[str, Tensor]:
    """Hidden states of one plain forward pass.

    Parameters
    ----------
    model : the plain decoder.
    tokens_BN : sequences, int64.
    names : see the module's table.

    Raises
    ------
    ConfigError for a name that this model does not have, with the nearest one that it has.
    """
    names = list(names)
    _check_names(names, model.spec.depth)
    needed = set(names)
    for name in names:
        if name.endswith(".attn.weights"):
            layer = name.split(".")[0]
            needed |= {f"{layer}.attn.q", f"{layer}.attn.k"}
    seen: dict[str, Tensor] = {}
    with contextlib.ExitStack() as stack, torch.no_grad():
        for name in needed - {"logits"}:
            if not name.endswith(".attn.weights"):
                stack.callback(_look(model, name, seen).remove)
        seen["logits"] = model(tokens_BN)
    for name in names:
        if name.endswith(".attn.weights"):
            q_BNE, k_BNE = (seen[name.replace("weights", part)] for part in ("q", "k"))
            seen[name] = attention_weights(q_BNE, k_BNE, model.spec.n_heads)
    return {name: seen[name] for name in names}


def attention_weights(q_BNE: Tensor, k_BNE: Tensor, n_heads: int, blocked_BNN: Tensor | None = None) -> Tensor:
    """Causal attention weights, shape (B, H, N, N); row = query position, column = key position.

    Parameters
    ----------
    q_BNE, k_BNE : queries and keys of all heads side by side (E = H K).
    n_heads : H.
    blocked_BNN : True where a query position must not look at a key position. Such a score is set to -inf
        before the softmax, so the weights that remain are scaled up to sum 1 again: the query looks elsewhere,
        it does not look less.
    """
    B, N, E = q_BNE.shape
    q_BHNK, k_BHNK = (x.view(B, N, n_heads, E // n_heads).transpose(1, 2) for x in (q_BNE, k_BNE))
    scores_BHNN = q_BHNK @ k_BHNK.mT / math.sqrt(E // n_heads)
    hidden_NN = torch.ones(N, N, dtype=torch.bool, device=q_BNE.device).triu(1)
    hidden_BHNN = hidden_NN if blocked_BNN is None else (hidden_NN | blocked_BNN).unsqueeze(1)
    return scores_BHNN.masked_fill(hidden_BHNN, -math.inf).softmax(-1)


def logits_with_blocked(model: Decoder, tokens_BN: Tensor, blocked: Mapping[int, Tensor]) -> Tensor:
    """Logits (B, N, V) of a forward pass in which attention is blocked, and everything else is as trained.

    Parameters
    ----------
    model : the plain decoder.
    tokens_BN : sequences, int64.
    blocked : layer (from 1) -> blocked_BNN, True at the (query, key) positions to block; see
        ``attention_weights``. A query must keep at least one key, for instance itself.
    """
    with contextlib.ExitStack() as stack, torch.no_grad():
        for layer, blocked_BNN in blocked.items():
            replace = lambda attn, args, _, mask=blocked_BNN: _blocked_attention(attn, args[0], mask)  # noqa: E731
            stack.callback(model.layers[layer - 1].attn.register_forward_hook(replace).remove)
        return model(tokens_BN)


def _blocked_attention(attn: Attention, x_BND: Tensor, blocked_BNN: Tensor) -> Tensor:
    B, N, _ = x_BND.shape
    weights_BHNN = attention_weights(attn.q(x_BND), attn.k(x_BND), attn.n_heads, blocked_BNN)
    v_BHNK = attn.v(x_BND).view(B, N, attn.n_heads, attn.d_head).transpose(1, 2)
    return attn.o((weights_BHNN @ v_BHNK).transpose(1, 2).reshape(B, N, -1))


def _check_names(names: list[str], depth: int) -> None:
    known = known_names(depth)
    for name in names:
        if name not in known:
            close = difflib.get_close_matches(name, known, n=1, cutoff=0.0)[0]
            raise ConfigError(
                f"`{name}` is not the name of a hidden state of a model with {depth} layer(s)",
                where="initscale.probes.hooks",
                hint=f"did you mean `{close}`? All names are in the table of that module",
            )


def _look(model: Decoder, name: str, seen: dict[str, Tensor]) -> torch.utils.hooks.RemovableHandle:
    """Hook that puts the state ``name`` into ``seen``."""
    layer, point = (1, "in") if name == "embed" else re.fullmatch(r"layer(\d+)\.(.+)", name).groups()
    path, side = (_POINTS if model.spec.norm == "post" else _PRE_NORM)[point]
    module: nn.Module = model.layers[int(layer) - 1].get_submodule(path)

    def keep(_, args, output):
        seen[name] = output if side == "output" else args[0]

    return module.register_forward_hook(keep)
