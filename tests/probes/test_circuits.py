"""The probe ``circuits``: hand-built models break exactly where their own circuit is blocked."""

from __future__ import annotations

import pandas as pd
import pytest
import torch
from mechanisms import hand_built_run

from initscale.figures.fig_circuits.table import circuit_losses
from initscale.probes.circuits import measure as circuits
from initscale.probes.sequences import Sequences

OPTIONS = {"unseen": [4, 3], "keys": "train", "sequences": 40}
NEEDED = {
    "composing": {("key_to_anchors", 1), ("anchors_to_last", 2)},
    "memorizing": {("anchors_to_last", 1), ("key_to_last", 2)},
}
OWN = {"composing": "inferential", "memorizing": "symmetric"}


def accuracies(name, data, folder) -> pd.DataFrame:
    return circuits.probe(hand_built_run(name, data, folder), OPTIONS).to_pandas()


@pytest.mark.parametrize("name", NEEDED)
def test_each_model_needs_its_own_paths_and_no_other(name, five_tokens, tmp_path):
    rows = accuracies(name, five_tokens, tmp_path)
    found = rows[rows["group"] == "unseen"].set_index(["measure", "path", "layer"])["value"]
    assert found[OWN[name], "none", 0] == 1.0
    for path in circuits.PATHS:
        for layer in (0, 1, 2):
            needed = {(path, layer), (path, 1), (path, 2)} if layer == 0 else {(path, layer)}
            value, changed = found[OWN[name], path, layer], found["changed", path, layer]
            if needed & NEEDED[name]:
                assert value < 0.2, (path, layer)
                assert changed > 0.8, (path, layer)
            else:
                assert (value, changed) == (1.0, 0.0), (path, layer)


def test_losses_of_the_circuits(five_tokens, tmp_path):
    for name, own, other in (("composing", "inferential", "symmetric"), ("memorizing", "symmetric", "inferential")):
        (tmp_path / name).mkdir()
        losses = circuit_losses(accuracies(name, five_tokens, tmp_path / name), depth=2)
        assert losses[f"{own}_circuit_loss"] > 0.8
        assert losses[f"{other}_circuit_loss"] < 0.6  # anchors_to_last is a step of both, in different layers


def test_losses_by_hand():
    values = {
        ("inferential", "none", 0): 0.9,
        ("symmetric", "none", 0): 0.1,
        ("inferential", "key_to_anchors", 1): 0.1,
        ("inferential", "anchors_to_last", 3): 0.3,
        ("inferential", "anchors_to_last", 1): 0.9,
        ("inferential", "key_to_last", 3): 0.7,
        ("symmetric", "key_to_anchors", 1): 0.6,
        ("symmetric", "anchors_to_last", 3): 0.4,
    }
    rows = pd.DataFrame(
        [dict(group="unseen", measure=m, path=p, layer=layer, value=v) for (m, p, layer), v in values.items()]
    )
    assert circuit_losses(rows, depth=3) == pytest.approx(
        {"inferential_circuit_loss": 0.7, "symmetric_circuit_loss": 0.1, "switch": 0.4}
    )
    assert set(circuit_losses(rows, depth=1).values()) == {None}


def test_groups_and_baseline(five_tokens, tmp_path):
    rows = accuracies("memorizing", five_tokens, tmp_path)
    plain = rows[rows["path"] == "none"].set_index(["group", "measure"])["value"]
    assert plain["seen", "taught"] == plain["exception", "taught"] == plain["unseen", "symmetric"] == 1.0
    assert plain["unseen", "inferential"] == 0.0
    assert (plain.xs("changed", level="measure") == 0).all()
    assert len(rows) == (1 + 3 * 3) * (3 + 2 + 2)


def test_composing_model_misses_the_exception(five_tokens, tmp_path):
    rows = accuracies("composing", five_tokens, tmp_path)
    plain = rows[rows["path"] == "none"].set_index(["group", "measure"])["value"]
    assert plain["exception", "taught"] == 0.0
    assert plain["unseen", "inferential"] == 1.0


def test_blocked_positions():
    sequences = Sequences(torch.zeros(2, 6), torch.tensor([0, 2]), torch.tensor([30, 40]), torch.tensor([[4, 3]] * 2))
    found = {path: circuits.blocked_positions(sequences, path).nonzero().tolist() for path in circuits.PATHS}
    assert found == {
        "key_to_anchors": [[0, 1, 0], [0, 2, 0], [1, 3, 2], [1, 4, 2]],
        "anchors_to_last": [[0, 5, 1], [0, 5, 2], [1, 5, 3], [1, 5, 4]],
        "key_to_last": [[0, 5, 0], [1, 5, 2]],
    }
