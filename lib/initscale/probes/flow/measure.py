"""Where information flows: attention between key, anchors and last token (Fig 3a,c).

Roles of positions: key x at p, anchor_1 at p + 1, anchor_2 at p + 2, last (n - 1). With the attention matrix
A(l)[query, source] of layer l, the mean over heads and over B sequences of the unseen pair whose last token is noise:

    flow(l, query <- source) = mean_B  A(l)[position of query, position of source]

``kind = displayed`` has the whole attention matrix of one sequence, ``kind = score`` the flows between roles, in
every layer: what each anchor reads from the key, and what the last token reads from each anchor and from the key.
"""

from __future__ import annotations

import pyarrow as pa
import torch

from initscale.files.tables import Column, make_table
from initscale.models.decoder import Decoder
from initscale.probes.hooks import capture
from initscale.probes.run import FinishedRun
from initscale.probes.sequences import Sequences, displayed, read_sequences

COLUMNS = (
    Column("kind", "string", "", "displayed: one sequence's attention weight; score: mean over sequences and heads"),
    Column("layer", "int64", "", "layer, from 1"),
    Column("head", "int64", "", "head, from 1; 0: mean over heads"),
    Column("query_role", "string", "", "key, anchor_1, anchor_2, last or noise: the position that reads"),
    Column("source_role", "string", "", "the same for the position that is read"),
    Column("query", "int64", "index", "position that reads (null for a score)"),
    Column("source", "int64", "index", "position that is read (null for a score)"),
    Column("query_token", "int64", "token", "token there (null for a score)"),
    Column("source_token", "int64", "token", "token there (null for a score)"),
    Column("value", "float64", "share", "attention weight, of the query's total of 1"),
    Column("n", "int64", "sequences", "number of sequences that `value` is the mean of"),
)
ROUTES = (("anchor_1", "key"), ("anchor_2", "key"), ("last", "anchor_1"), ("last", "anchor_2"), ("last", "key"))
"""(query, source): the paths that the two mechanisms differ in."""


def probe(run: FinishedRun, options: dict) -> pa.Table:
    """Measure one run; see ``COLUMNS``."""
    pair, model = tuple(options["unseen"]), run.model()
    rows = _weights_of(model, displayed(run, pair, options["key"], options["position"]))
    rows += flows(model, read_sequences(run, "unseen", options["sequences"], [pair]))
    return make_table(COLUMNS, {c.name: [row.get(c.name) for row in rows] for c in COLUMNS})


def flows(model: Decoder, sequences: Sequences) -> list[dict]:
    """Mean attention along every route in every layer."""
    places, index, rows = sequences.places(), torch.arange(len(sequences)), []
    for layer, weights_BHNN in attention(model, sequences.tokens_BN).items():
        weights_BNN = weights_BHNN.mean(1)
        for query, source in ROUTES:
            value = weights_BNN[index, places[query], places[source]].double().mean().item()
            rows.append({"kind": "score", "layer": layer, "head": 0, "query_role": query, "source_role": source})
            rows[-1] |= {"value": value, "n": len(sequences)}
    return rows


def attention(model: Decoder, tokens_BN: torch.Tensor) -> dict[int, torch.Tensor]:
    """Attention matrices (B, H, N, N) by layer."""
    names = {layer: f"layer{layer}.attn.weights" for layer in range(1, model.spec.depth + 1)}
    captured = capture(model, tokens_BN, names.values())
    return {layer: captured[name] for layer, name in names.items()}


def _weights_of(model: Decoder, sequence: Sequences) -> list[dict]:
    tokens = sequence.tokens_BN[0].tolist()
    roles = {place.item(): role for role, place in sequence.places().items()}
    rows = []
    for layer, weights_BHNN in attention(model, sequence.tokens_BN).items():
        for head, query, source in torch.cartesian_prod(
            torch.arange(weights_BHNN.shape[1]), *[torch.arange(len(tokens))] * 2
        ).tolist():
            if source <= query:
                rows.append(
                    {"kind": "displayed", "layer": layer, "head": head + 1, "n": 1}
                    | {"query": query, "query_token": tokens[query], "query_role": roles.get(query, "noise")}
                    | {"source": source, "source_token": tokens[source], "source_role": roles.get(source, "noise")}
                    | {"value": weights_BHNN[0, head, query, source].item()}
                )
    return rows
