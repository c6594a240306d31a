"""Which inputs a model represents alike: parallel vectors (Fig 4) and commuting anchors (Fig 3b, Section 4).

Every number is the cosine of two hidden vectors (or a comparison of two outputs) of sequences that differ only in
key and anchors, averaged over the same contexts of noise. With L = ``layer``:

    fused        v(x; a1, a2) = Xao(L) at the last token              related: equal targets
    single       u(x; a1) = row of V(L) at the first anchor           related: equal g(x; a1)
    ao           Xao(1) at the last token, same key                    related: mirrored pairs (a, b), (b, a)
    logits       logits at the last token, same key                    related: mirrored pairs
    outputs      1 if the predicted tokens are equal, else 0, same key  related: mirrored pairs

``fused_centred`` is ``fused`` without what all vectors of a triangle share: their mean over both sides and all keys is
subtracted first, in each context. ``single_centred`` is ``single`` without what an anchor adds whatever the key: the
mean over the keys is subtracted on each side. These four compare all keys of a range, row by column; the lower
triangle has one pair of anchor settings, the upper triangle another, and the diagonal none. Targets are those that
training teaches.

    score(kind) = mean of the related pairs - mean of the rest

It is called parallelism for these four (within the two triangles) and commutativity for the others
(over all pairs of different ordered anchor pairs).
"""

from __future__ import annotations

from collections.abc import Iterator

import pyarrow as pa
import torch
from torch import Tensor
from torch.nn.functional import normalize

from initscale.files.tables import Column, make_table
from initscale.models.decoder import Decoder
from initscale.probes.hooks import capture
from initscale.probes.run import FinishedRun
from initscale.probes.sequences import made_up
from initscale.tasks.anchor.definition import Pair, all_pairs, inferential_shift, taught_shift, trained_pairs

COLUMNS = (
    Column(
        "kind",
        "string",
        "",
        "fused, single, ao, logits, outputs, fused_centred ... (see the module); NAME_score: score",
    ),
    Column("block", "string", "", "lower or upper triangle (fused, single), null for the other kinds"),
    Column("anchors_row", "string", "", "anchor or pair of the row, such as 3,4 (null for a score)"),
    Column("key_row", "int64", "token", "key of the row (null where all keys are averaged)"),
    Column("anchors_column", "string", "", "anchor or pair of the column"),
    Column("key_column", "int64", "token", "key of the column"),
    Column("related", "bool", "", "equal targets, or mirrored pairs: expected to be alike (null for a score)"),
    Column("value", "float64", "1", "mean cosine, share of equal outputs, or score"),
    Column("n", "int64", "1", "number of comparisons that `value` is the mean of"),
)
MATRICES, MIRRORS = ("fused", "single", "fused_centred", "single_centred"), ("ao", "logits", "outputs")


def probe(run: FinishedRun, options: dict) -> pa.Table:
    """Measure one run; see ``COLUMNS``."""
    model, spec = run.model(), run.facts["dataset"]
    rows = [*_fused(model, spec, options), *_single(model, spec, options), *_mirrors(model, spec, options)]
    for kind in (*MATRICES, *MIRRORS):
        cells = [row for row in rows if row["kind"] == kind]
        rows.append({"kind": f"{kind}_score", "value": contrast(cells), "n": len(cells)})
    return make_table(COLUMNS, {c.name: [row.get(c.name) for row in rows] for c in COLUMNS})


def contrast(cells: list[dict]) -> float | None:
    """Mean value of the related cells minus mean of the rest; None if there are none of either."""
    groups = [[cell["value"] for cell in cells if cell["related"] == related] for related in (True, False)]
    return sum(groups[0]) / len(groups[0]) - sum(groups[1]) / len(groups[1]) if all(groups) else None


def cosines(rows_RCD: Tensor, columns_SCD: Tensor) -> Tensor:
    """Cosine of every row with every column, averaged over contexts C; shape (R, S)."""
    rows_RCD, columns_SCD = (normalize(x.double(), dim=-1) for x in (rows_RCD, columns_SCD))
    return torch.einsum("rcd,scd->rs", rows_RCD, columns_SCD) / rows_RCD.shape[1]


def triangle(
    kind: str, block: str, similar_XX: Tensor, keys: list[int], sides: tuple[str, str], shifts: tuple[int, int]
) -> Iterator[dict]:
    """Cells of one triangle. A cell is related where key_row + shift_row = key_column + shift_column."""
    for i, row in enumerate(keys):
        for j, column in enumerate(keys):
            if (j < i) if block == "lower" else (j > i):
                yield {
                    "kind": kind,
                    "block": block,
                    "anchors_row": sides[0],
                    "key_row": row,
                    "anchors_column": sides[1],
                    "key_column": column,
                    "related": row + shifts[0] == column + shifts[1],
                    "value": similar_XX[i, j].item(),
                }


def _fused(model: Decoder, spec: dict, options: dict) -> Iterator[dict]:
    layer, keys = _layer(model, options), _keys(options)
    for block, pairs in (("lower", options["fused_lower"]), ("upper", options["fused_upper"])):
        pairs = [tuple(pair) for pair in pairs]
        tokens_PXCN = made_up(spec, pairs, keys, options["position"], options["contexts"])
        v_PXCD = _states(model, tokens_PXCN, f"layer{layer}.ao", -1)
        shifts = tuple(_shift(spec, pair) for pair in pairs)
        yield from _both("fused", (0, 1), block, v_PXCD, keys, tuple(map(_name, pairs)), shifts)


def _single(model: Decoder, spec: dict, options: dict) -> Iterator[dict]:
    """The second anchor stands behind the vector that is looked at and cannot matter; the first is repeated."""
    layer, keys, place = _layer(model, options), _keys(options), options["position"] + 1
    for block, anchors in (("lower", options["single_lower"]), ("upper", options["single_upper"])):
        tokens_PXCN = made_up(spec, [(a, a) for a in anchors], keys, options["position"], options["contexts"])
        u_PXCD = _states(model, tokens_PXCN, f"layer{layer}.attn.v", place)
        shifts = tuple(spec["anchor_shifts"][anchor - 1] for anchor in anchors)
        yield from _both("single", (1,), block, u_PXCD, keys, tuple(map(str, anchors)), shifts)


def _both(kind: str, over: tuple[int, ...], block: str, states_PXCD: Tensor, *described) -> Iterator[dict]:
    """Cells of a triangle from the vectors of its two sides, as they are and without their mean ``over`` these axes."""
    centred_PXCD = states_PXCD - states_PXCD.mean(over, keepdim=True)
    for name, x_PXCD in ((kind, states_PXCD), (f"{kind}_centred", centred_PXCD)):
        cells = triangle(name, block, cosines(*x_PXCD), *described)
        yield from (cell | {"n": states_PXCD.shape[2]} for cell in cells)


def _mirrors(model: Decoder, spec: dict, options: dict) -> Iterator[dict]:
    pairs, keys = all_pairs(spec), _keys(options)
    tokens_PXCN = made_up(spec, pairs, keys, options["position"], options["contexts"])
    ao_PXCD = _states(model, tokens_PXCN, "layer1.ao", -1)
    logits_PXCV = _states(model, tokens_PXCN, "logits", -1)
    answer_PS = logits_PXCV.argmax(-1).flatten(1)
    tables = {name: cosines(x.flatten(1, 2), x.flatten(1, 2)) for name, x in (("ao", ao_PXCD), ("logits", logits_PXCV))}
    tables["outputs"] = (answer_PS[:, None] == answer_PS[None]).double().mean(-1)
    for kind, table_PP in tables.items():
        for i, first in enumerate(pairs):
            for j, second in list(enumerate(pairs))[i + 1 :]:
                yield {
                    "kind": kind,
                    "anchors_row": _name(first),
                    "anchors_column": _name(second),
                    "related": first == second[::-1],
                    "value": table_PP[i, j].item(),
                    "n": len(keys) * options["contexts"],
                }


def _states(model: Decoder, tokens_PXCN: Tensor, name: str, position: int) -> Tensor:
    """State ``name`` at one position, shape (P, X, C, width)."""
    state_BND = capture(model, tokens_PXCN.flatten(0, 2), [name])[name]
    return state_BND[:, position].unflatten(0, tokens_PXCN.shape[:3])


def _shift(spec: dict, pair: Pair) -> int:
    return taught_shift(spec, pair) if pair in trained_pairs(spec) else inferential_shift(spec, pair)


def _layer(model: Decoder, options: dict) -> int:
    return model.spec.depth if options["layer"] == "last" else options["layer"]


def _keys(options: dict) -> list[int]:
    first, last = options["keys"]
    return list(range(first, last + 1))


def _name(pair: Pair) -> str:
    return f"{pair[0]},{pair[1]}"
