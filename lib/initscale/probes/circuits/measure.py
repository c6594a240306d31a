"""Which paths a model needs: accuracy when attention along chosen paths is blocked (beyond the paper).

A path blocks (query, source) positions: ``key_to_anchors`` stops both anchors from reading the key,
``anchors_to_last`` the last token from reading the anchors, ``key_to_last`` the last token from reading the key. The
blocked scores are -inf before the softmax, so the rest of the row is scaled up to sum 1 (the query looks elsewhere).
Every path is blocked in each layer alone and in all layers (``layer = 0``); ``path = none`` is the model as trained.
Sequences whose last token is an anchor are left out, because two of the paths are one there.
"""

from __future__ import annotations

from collections.abc import Iterator

import pyarrow as pa
import torch
from torch import Tensor

from initscale.files.tables import Column, make_table
from initscale.models.decoder import Decoder
from initscale.probes.hooks import logits_with_blocked
from initscale.probes.run import FinishedRun
from initscale.probes.sequences import Sequences, read_sequences
from initscale.tasks.anchor.definition import exceptions, mappings, taught_shift, trained_pairs

COLUMNS = (
    Column("path", "string", "", "none, key_to_anchors, anchors_to_last or key_to_last: what is blocked"),
    Column("layer", "int64", "", "layer, from 1; 0: all layers (and for path none)"),
    Column("group", "string", "", "sequences: unseen (the unseen pair), seen (trained pairs, test keys), exception"),
    Column("measure", "string", "", "symmetric, inferential, taught: accuracy under that label; changed: see value"),
    Column("value", "float64", "share", "share of right answers; changed: share of answers that differ from path none"),
    Column("n", "int64", "sequences", "number of sequences"),
)
PATHS = {
    "key_to_anchors": (("anchor_1", "key"), ("anchor_2", "key")),
    "anchors_to_last": (("last", "anchor_1"), ("last", "anchor_2")),
    "key_to_last": (("last", "key"),),
}
"""path -> (query, source) roles that it blocks."""


def probe(run: FinishedRun, options: dict) -> pa.Table:
    """Measure one run; see ``COLUMNS``."""
    model, rows = run.model(), []
    for group, sequences, labels in _groups(run, options):
        plain_B = answers(model, sequences, {})
        for path, layer, blocked in interventions(sequences, model.spec.depth):
            given_B = answers(model, sequences, blocked)
            found = {measure: (given_B == label_B) for measure, label_B in labels.items()}
            for measure, hit_B in (found | {"changed": given_B != plain_B}).items():
                value = hit_B.double().mean().item()
                rows.append([path, layer, group, measure, value, len(sequences)])
    return make_table(COLUMNS, dict(zip((c.name for c in COLUMNS), zip(*rows, strict=True), strict=True)))


def interventions(sequences: Sequences, depth: int) -> Iterator[tuple[str, int, dict[int, Tensor]]]:
    """Yield path, layer and the masks by layer: nothing first, then every path in all layers and in each."""
    yield "none", 0, {}
    for path in PATHS:
        mask_BNN = blocked_positions(sequences, path)
        yield path, 0, dict.fromkeys(range(1, depth + 1), mask_BNN)
        for layer in range(1, depth + 1):
            yield path, layer, {layer: mask_BNN}


def blocked_positions(sequences: Sequences, path: str) -> Tensor:
    """Mask (B, N, N), True at the (query, source) positions of a path."""
    B, N = sequences.tokens_BN.shape
    places, mask_BNN = sequences.places(), torch.zeros(B, N, N, dtype=torch.bool)
    for query, source in PATHS[path]:
        mask_BNN[torch.arange(B), places[query], places[source]] = True
    return mask_BNN


def answers(model: Decoder, sequences: Sequences, blocked: dict[int, Tensor]) -> Tensor:
    """Predicted token at the last position, shape (B,)."""
    return logits_with_blocked(model, sequences.tokens_BN, blocked)[:, -1].argmax(-1)


def _groups(run: FinishedRun, options: dict) -> Iterator[tuple[str, Sequences, dict[str, Tensor]]]:
    """Name, sequences and labels by measure."""
    spec, pair, count = run.facts["dataset"], tuple(options["unseen"]), options["sequences"]
    unseen = read_sequences(run, "unseen", count, [pair], options["keys"])
    yield "unseen", unseen, {name: unseen.key_B + shift for name, shift in mappings(spec, pair).items()}
    for group, pairs in (("seen", trained_pairs(spec)), ("exception", list(exceptions(spec)))):
        if pairs:
            rows = read_sequences(run, "test", count, pairs)
            shift_B = torch.tensor([taught_shift(spec, tuple(anchors)) for anchors in rows.anchors_B2.tolist()])
            yield group, rows, {"taught": rows.key_B + shift_B}
