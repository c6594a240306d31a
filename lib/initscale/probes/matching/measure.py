"""Whether attention matches equal tokens, for tokens of the training and for new ones (beyond the paper; 2405.15302).

``match`` is the probe attention's: the number of tokens times the mean attention of a token to itself, if all tokens
stand beside each other; 1 for attention that does not match. In layer 1 both sides are embeddings E (centred). In layer
2 the keys are what layer 1 may have moved there, E (W_O W_V)^T with the output and value weights of layer 1. The
source's exact formula was not reachable; this one is the project's own.

=========  ==============================  =============
quantity   part                            value
=========  ==============================  =============
match      layerL.familiar, layerL.new     see above
=========  ==============================  =============
"""

from __future__ import annotations

from collections.abc import Iterator

import pandas as pd
import pyarrow as pa
import torch
from torch import Tensor

from initscale.models.decoder import Decoder
from initscale.probes.attention.measure import match
from initscale.probes.rows import COLUMNS, as_table, score
from initscale.probes.run import FinishedRun

__all__ = ["COLUMNS", "matches", "probe"]


def probe(run: FinishedRun, options: dict) -> pa.Table:
    """Table of the module's docstring; there are no options."""
    dataset, model = run.facts["dataset"], run.model()
    last = dataset["tokens"]
    groups = {"familiar": torch.arange(1, last + 1), "new": torch.arange(last + 1, last + dataset["new"] + 1)}
    return as_table([frame for name, tokens_I in groups.items() for frame in matches(model, tokens_I, name)])


def matches(model: Decoder, tokens_I: Tensor, group: str) -> Iterator[pd.DataFrame]:
    """Scores of the first two layers for some tokens."""
    e_ID = model.tokens.weight[tokens_I]
    e_ID = e_ID - e_ID.mean(0)
    first = model.layers[0].attn
    keys = (e_ID, e_ID @ (first.o.weight @ first.v.weight).T)
    for number, (layer, keys_ID) in enumerate(zip(model.layers, keys, strict=False), start=1):
        attn = layer.attn
        value = match(e_ID, keys_ID, attn.q.weight, attn.k.weight, attn.n_heads)
        yield score("match", value, f"layer{number}.{group}")
