"""How sharp attention is, and which elementary operation a layer does (arXiv 2303.06296, 2401.08309, 2405.15302).

A is the attention matrix of a layer and head, S = Q K^T / sqrt(d_head) its logits, both [query, source] with positions
from 0, so query i sees i + 1 positions. Means are over training sequences, over heads and, where a query is not named,
over the queries i >= 1. ``broadcast`` leaves out the sequences whose last token is an anchor.

=================  ==================  ==============================================================================
quantity           part                value
=================  ==================  ==============================================================================
entropy            layer               mean of H(A_i) / log(i + 1): 1 for uniform attention, 0 for a single source
entropy_last       layer               the same for the last query
logit_norm         layer               |W_Q^T W_K|_2 / sqrt(d_head), the quantity of arXiv 2303.06296
logit_range        layer               mean of max_j S_ij - min_j S_ij over the visible j
shift              layer               mean of A[i, i - 1]: what a position reads from the one before it
shift_uniform                          what uniform attention would give, mean of 1 / (i + 1)
broadcast          layer.anchor_1, 2   mean of A[last, position of that anchor]
broadcast_uniform                      the same of uniform attention, 1 / n
match              layer1              I x mean diagonal of softmax_y(e_x W_Q^T W_K e_y^T / sqrt(d_head)) over items
match              layer2              the same with Q, K of layer 2 and keys e_y (W_O W_V of layer 1)^T
=================  ==================  ==============================================================================

e_x is the embedding of item x of I, less the mean over the items. ``match`` is 1 where an item attends to itself no
more than to others, I if only to itself. Its formula is this project's own: that of arXiv 2405.15302 is not published
with its code. ``logit_norm`` leaves out the inputs, which have std d^-gamma in layer 1 and are normed behind it, so
across initializations only ``logit_range`` says how far the logits are apart.
"""

from __future__ import annotations

import math

import pandas as pd
import pyarrow as pa
import torch
from torch import Tensor

from initscale.files.storage import read_table
from initscale.models.decoder import Decoder
from initscale.probes.hooks import capture
from initscale.probes.items import item_values
from initscale.probes.rows import COLUMNS, as_table, score
from initscale.probes.run import FinishedRun
from initscale.probes.sequences import Sequences, from_rows
from initscale.tasks.anchor.definition import columns

__all__ = [
    "COLUMNS",
    "attention_scores",
    "entropy",
    "logit_norm",
    "logit_range",
    "match",
    "probe",
    "training_sequences",
]


def probe(run: FinishedRun, options: dict) -> pa.Table:
    """Table of the module's docstring.

    Parameters
    ----------
    options : ``sequences``, how many: the first ones of the training split.
    """
    values_I = torch.from_numpy(item_values(run))
    sequences = training_sequences(run, options["sequences"])
    n = sequences.tokens_BN.shape[1]
    uniform = sum(1 / (i + 1) for i in range(1, n)) / (n - 1)
    found = [score("shift_uniform", uniform), score("broadcast_uniform", 1 / n)]
    return as_table([*found, *attention_scores(run.model(), sequences, values_I)])


def training_sequences(run: FinishedRun, count: int) -> Sequences:
    """The first rows of the training split, those that end in an anchor included."""
    rows = read_table(run.data_folder / "train.parquet", [c.name for c in columns(run.facts["dataset"])])
    return from_rows(rows.slice(0, count).to_pandas())


def attention_scores(model: Decoder, sequences: Sequences, values_I: Tensor) -> list[pd.DataFrame]:
    """All scores of the module except those of uniform attention.

    Parameters
    ----------
    model : the plain decoder.
    sequences : what it reads.
    values_I : token ids of the items.
    """
    points = [f"layer{layer}.attn.{side}" for layer in range(1, model.spec.depth + 1) for side in "qk"]
    states, found = capture(model, sequences.tokens_BN, points), []
    places = sequences.places()
    row_B = torch.nonzero(places["anchor_2"] < places["last"]).flatten()
    for number, layer in enumerate(model.layers, start=1):
        part, heads = f"layer{number}", model.spec.n_heads
        logits_BHNN = visible_logits(states[f"{part}.attn.q"], states[f"{part}.attn.k"], heads)
        weights_BHNN = logits_BHNN.softmax(-1)
        entropy_BHN = entropy(weights_BHNN)
        values = {
            "entropy": entropy_BHN[..., 1:],
            "entropy_last": entropy_BHN[..., -1],
            "logit_norm": logit_norm(layer.attn.q.weight, layer.attn.k.weight, heads),
            "logit_range": logit_range(logits_BHNN)[..., 1:],
            "shift": weights_BHNN.diagonal(-1, -2, -1),
        }
        found += [score(name, value.double().mean().item(), part) for name, value in values.items()]
        for anchor in ("anchor_1", "anchor_2"):
            read_B = weights_BHNN.mean(1)[row_B, -1, places[anchor][row_B]]
            found.append(score("broadcast", read_B.double().mean().item(), f"{part}.{anchor}"))
    return found + _matches(model, values_I)


def visible_logits(q_BNE: Tensor, k_BNE: Tensor, n_heads: int) -> Tensor:
    """Attention logits (B, H, N, N), -inf where a source is behind the query."""
    q_BHNK, k_BHNK = (x.unflatten(-1, (n_heads, -1)).transpose(1, 2) for x in (q_BNE, k_BNE))
    logits_BHNN = q_BHNK @ k_BHNK.mT / math.sqrt(q_BHNK.shape[-1])
    N = q_BNE.shape[1]
    return logits_BHNN.masked_fill(torch.ones(N, N, dtype=torch.bool).triu(1), -math.inf)


def entropy(weights_BHNN: Tensor) -> Tensor:
    """Entropy of every query over the log of the number of positions it sees, (B, H, N); nan for query 0."""
    visible_N = torch.arange(1, weights_BHNN.shape[-1] + 1)
    return torch.special.entr(weights_BHNN).sum(-1) / visible_N.log()


def logit_range(logits_BHNN: Tensor) -> Tensor:
    """Largest minus smallest visible logit of every query, (B, H, N); hidden ones are -inf."""
    smallest_BHN = logits_BHNN.masked_fill(logits_BHNN.isneginf(), math.inf).amin(-1)
    return logits_BHNN.amax(-1) - smallest_BHN


def logit_norm(q_ED: Tensor, k_ED: Tensor, n_heads: int) -> Tensor:
    """|W_Q^T W_K|_2 / sqrt(d_head) of every head, (H,)."""
    q_HKD, k_HKD = (w.double().unflatten(0, (n_heads, -1)) for w in (q_ED, k_ED))
    return torch.linalg.matrix_norm(q_HKD.mT @ k_HKD, 2) / math.sqrt(q_HKD.shape[1])


def match(queries_ID: Tensor, keys_ID: Tensor, q_ED: Tensor, k_ED: Tensor, n_heads: int) -> float:
    """I x mean diagonal of the items' attention to the items, mean over heads.

    Parameters
    ----------
    queries_ID, keys_ID : vector of every item as a query and as a key.
    q_ED, k_ED : W_Q and W_K.
    """
    sides = ((queries_ID, q_ED), (keys_ID, k_ED))
    q_HIK, k_HIK = ((x_ID @ w_ED.T).unflatten(-1, (n_heads, -1)).transpose(0, 1) for x_ID, w_ED in sides)
    weights_HII = (q_HIK @ k_HIK.mT / math.sqrt(q_HIK.shape[-1])).softmax(-1)
    return (len(queries_ID) * weights_HII.diagonal(0, -2, -1).double().mean()).item()


def _matches(model: Decoder, values_I: Tensor) -> list[pd.DataFrame]:
    e_ID = model.tokens.weight[values_I]
    e_ID = e_ID - e_ID.mean(0)
    first, *others = (layer.attn for layer in model.layers)
    found = [score("match", match(e_ID, e_ID, first.q.weight, first.k.weight, first.n_heads), "layer1")]
    for second in others[:1]:
        moved_ID = e_ID @ (first.o.weight @ first.v.weight).T
        value = match(e_ID, moved_ID, second.q.weight, second.k.weight, second.n_heads)
        found.append(score("match", value, "layer2"))
    return found
