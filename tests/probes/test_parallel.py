"""The probe ``parallel``: cosines and scores with known values."""

from __future__ import annotations

import pytest
import torch
from mechanisms import hand_built_run

from initscale.probes.parallel import measure as parallel

OPTIONS = {
    "layer": "last",
    "keys": [28, 38],
    "position": 1,
    "contexts": 3,
    "fused_lower": [[3, 3], [2, 2]],
    "fused_upper": [[1, 2], [1, 3]],
    "single_lower": [3, 2],
    "single_upper": [1, 2],
}


def test_cosines_are_averaged_over_contexts():
    rows_RCD = torch.tensor([[[1.0, 0.0], [0.0, 2.0]]])
    columns_SCD = torch.tensor([[[3.0, 0.0], [0.0, -1.0]], [[1.0, 1.0], [0.0, 5.0]]])
    assert parallel.cosines(rows_RCD, columns_SCD).tolist()[0] == pytest.approx([0.0, (0.5**0.5 + 1) / 2])


def test_triangles_and_related_cells():
    similar_XX = torch.arange(9.0).view(3, 3)
    lower = list(parallel.triangle("fused", "lower", similar_XX, [30, 31, 32], ("3,3", "2,2"), (0, 2)))
    assert [(c["key_row"], c["key_column"], c["value"]) for c in lower] == [(31, 30, 3), (32, 30, 6), (32, 31, 7)]
    assert [c["related"] for c in lower] == [False, True, False]  # 32 + 0 = 30 + 2
    upper = list(parallel.triangle("fused", "upper", similar_XX, [30, 31, 32], ("1,2", "1,3"), (1, 0)))
    assert [(c["key_row"], c["key_column"], c["related"]) for c in upper] == [
        (30, 31, True), (30, 32, False), (31, 32, True)
    ]  # fmt: skip


def test_contrast():
    cells = [{"related": True, "value": v} for v in (0.9, 0.7)] + [{"related": False, "value": 0.1}]
    assert parallel.contrast(cells) == pytest.approx(0.7)
    assert parallel.contrast(cells[:2]) is None


def table(name, five_tokens, folder):
    return parallel.probe(hand_built_run(name, five_tokens, folder), OPTIONS).to_pandas()


def test_targets_are_the_taught_ones(five_tokens, tmp_path):
    """(3,3) has shift -4, (2,2) +2: equal targets 6 keys apart; (1,2) +6 and (1,3) +3: 3 apart."""
    rows = table("composing", five_tokens, tmp_path)
    for kind, apart in (("fused", {"lower": 6, "upper": 3}), ("single", {"lower": 3, "upper": 4})):
        cells = rows[rows["kind"] == kind]
        assert len(cells) == 110
        distance = (cells["key_row"] - cells["key_column"]).abs()
        assert (cells["related"] == (distance == cells["block"].map(apart))).all()


def test_composing_model_has_parallel_single_vectors(five_tokens, tmp_path):
    """V(2) at the first anchor is the one-hot g(x; a1): cosine 1 where equal, else 0."""
    rows = table("composing", five_tokens, tmp_path)
    cells = rows[rows["kind"] == "single"]
    assert cells.loc[cells["related"] == True, "value"].min() > 0.98  # noqa: E712
    assert cells.loc[cells["related"] == False, "value"].abs().max() < 0.05  # noqa: E712
    score = rows.set_index("kind")["value"]["single_score"]
    assert score == pytest.approx(1, abs=0.05)


def test_memorizing_model_has_not(five_tokens, tmp_path):
    """Its V(2) at the first anchor is the anchor, whatever the key."""
    rows = table("memorizing", five_tokens, tmp_path)
    assert abs(rows.set_index("kind")["value"]["single_score"]) < 0.01


@pytest.mark.parametrize(("name", "fuses"), [("memorizing", True), ("composing", False)])
def test_commutativity(name, fuses, five_tokens, tmp_path):
    """Both models answer mirrored pairs alike, but only the memorizing one fuses them in layer 1."""
    rows = table(name, five_tokens, tmp_path)
    mirrored = rows[rows["related"].eq(True) & rows["kind"].isin(parallel.MIRRORS)].set_index("kind")["value"]
    assert (mirrored["outputs"] == 1).all()
    # the constant entries of the hand-built vectors bring every cosine to 1 - 1e-7, so the contrast is of that size
    assert mirrored["ao"].min() > 1 - 1e-9
    assert (rows.set_index("kind")["value"]["ao_score"] > 5e-8) == fuses


def test_outputs_tell_orders_apart(five_tokens, tmp_path):
    """A model whose last token reads only the first anchor gives the two orders different answers."""
    run = hand_built_run("memorizing", five_tokens, tmp_path)
    run.weights["layers.0.attn.q.weight"][3] = 0  # the last token no longer reads the second anchor
    rows = parallel.probe(run, OPTIONS).to_pandas()
    mirrored = rows[rows["related"].eq(True) & (rows["kind"] == "outputs")]
    assert (mirrored["value"] == 0).all()


def test_every_pair_of_pairs_is_compared_once(five_tokens, tmp_path):
    rows = table("memorizing", five_tokens, tmp_path)
    for kind in parallel.MIRRORS:
        cells = rows[rows["kind"] == kind]
        assert len(cells) == 16 * 15 / 2
        assert cells["related"].sum() == 6
        assert (cells["n"] == 11 * 3).all()
