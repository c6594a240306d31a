"""The probe ``flow``: sequences it looks at, and known flows of hand-built models."""

from __future__ import annotations

import pandas as pd
import pytest
import torch
from mechanisms import hand_built_run

from initscale.errors import InputError
from initscale.figures.fig3.table import routes
from initscale.files.storage import read_table
from initscale.probes.flow import measure as flow
from initscale.probes.sequences import displayed, made_up, read_sequences

OPTIONS = {"unseen": [4, 3], "key": "last", "position": 1, "sequences": 30}


def scores(run) -> pd.DataFrame:
    rows = flow.probe(run, OPTIONS).to_pandas()
    return rows[rows["kind"] == "score"]


@pytest.mark.parametrize(
    ("name", "wanted", "symmetric_route", "inferential_route"),
    [
        # (layer, query, source) of full attention; everything else between roles is 0
        ("composing", {(1, "anchor_1", "key"): 1, (1, "anchor_2", "key"): 1, (2, "last", "anchor_1"): 0.5,
                       (2, "last", "anchor_2"): 0.5}, 0.0, 1.0),
        ("memorizing", {(1, "last", "anchor_1"): 0.5, (1, "last", "anchor_2"): 0.5, (2, "last", "key"): 1}, 1.0, 0.0),
    ],
)  # fmt: skip
def test_known_flows(name, wanted, symmetric_route, inferential_route, five_tokens, tmp_path):
    found = scores(hand_built_run(name, five_tokens, tmp_path))
    assert len(found) == 2 * len(flow.ROUTES)
    for row in found.itertuples():
        value = wanted.get((row.layer, row.query_role, row.source_role), 0)
        assert row.value == pytest.approx(value, abs=5e-3), row
        assert row.n == 30
    assert routes(found) == pytest.approx(
        {"symmetric_route": symmetric_route, "inferential_route": inferential_route}, abs=5e-3
    )


def test_displayed_rows_are_one_causal_attention_matrix(five_tokens, tmp_path):
    rows = flow.probe(hand_built_run("composing", five_tokens, tmp_path), OPTIONS).to_pandas()
    shown = rows[rows["kind"] == "displayed"]
    assert len(shown) == 2 * 15  # layers x (5 * 6 / 2) pairs
    assert (shown.groupby(["layer", "head", "query"])["value"].sum() - 1).abs().max() < 1e-5
    tokens = shown.drop_duplicates("query").set_index("query_role")["query_token"]
    assert (tokens["key"], tokens["anchor_1"], tokens["anchor_2"]) == (39, 4, 3)
    last = shown[(shown["layer"] == 1) & (shown["query_role"] == "anchor_2") & (shown["source_role"] == "key")]
    assert last["value"].iloc[0] == pytest.approx(1, abs=1e-3)


def test_routes_of_deeper_models_take_the_best_pair_of_layers():
    roles = pd.DataFrame(flow.ROUTES, columns=["query_role", "source_role"])
    rows = pd.concat([roles.assign(layer=layer, value=0.0) for layer in (1, 2, 3)], ignore_index=True)

    def put(layer, query, source, value):
        rows.loc[(rows[["layer", "query_role", "source_role"]] == [layer, query, source]).all(axis=1), "value"] = value

    put(1, "last", "key", 1.0)  # before the anchors are fused: no route
    put(2, "last", "anchor_1", 0.3)
    put(2, "last", "anchor_2", 0.2)
    put(3, "last", "key", 0.8)
    assert routes(rows) == pytest.approx({"symmetric_route": 0.5 * 0.8, "inferential_route": 0.0})
    put(1, "anchor_1", "key", 0.6)
    assert routes(rows)["inferential_route"] == pytest.approx(0.3 * 0.5)
    assert routes(rows[rows["layer"] == 1]) == {"symmetric_route": 0.0, "inferential_route": 0.0}


def test_sequences_end_with_noise_and_follow_the_split(five_tokens, tmp_path):
    run = hand_built_run("composing", five_tokens, tmp_path)
    for keys in ("train", "test"):
        found = read_sequences(run, "unseen", 1000, [(4, 3)], keys)
        assert ((found.key_B % 7 == found.position_B) == (keys == "test")).all()
        assert (found.tokens_BN[:, -1] >= 20).all()
    assert torch.equal(found.tokens_BN[torch.arange(len(found)), found.position_B], found.key_B)
    everything = read_table(tmp_path / "unseen.parquet").to_pandas()
    assert len(read_sequences(run, "unseen", 10**6)) == (everything["mapping"] == "inferential").sum()
    assert set(map(tuple, read_sequences(run, "test", 50, [(3, 3), (2, 2)]).anchors_B2.tolist())) == {(3, 3), (2, 2)}
    with pytest.raises(InputError, match=r"train.parquet.*\(4, 3\)"):
        read_sequences(run, "train", 5, [(4, 3)])


def test_displayed_sequence_is_a_row_of_the_data_where_there_is_one(five_tokens, tmp_path):
    run = hand_built_run("composing", five_tokens, tmp_path)
    rows = read_sequences(run, "unseen", 10**6, [(4, 3)])
    key = int(rows.key_B[5])
    assert displayed(run, (4, 3), key, 1).tokens_BN.tolist()[0] in rows.tokens_BN.tolist()
    with pytest.raises(InputError, match="position 0"):
        displayed(run, (4, 3), key, 0)


def test_made_up_sequences_differ_in_key_and_anchors_only(five_tokens):
    tokens_PXCN = made_up(five_tokens, [(1, 2), (4, 3)], [25, 30], 1, 6)
    assert tokens_PXCN.shape == (2, 2, 6, 5)
    assert (tokens_PXCN[:, :, :, 1] == torch.tensor([25, 30])[None, :, None]).all()
    assert tokens_PXCN[1, 0, 3, 2:4].tolist() == [4, 3]
    noise_PXCN = tokens_PXCN[..., [0, 4]]
    assert (noise_PXCN == noise_PXCN[:1, :1]).all()
    assert len(set(noise_PXCN[0, 0, :, 0].tolist())) > 1
