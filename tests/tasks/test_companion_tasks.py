"""Tasks of companion studies: chains of shuffled edges, and modular arithmetic."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from initscale.config.load import load_config
from initscale.errors import ConfigError
from initscale.stages.generate_data import generate_data
from initscale.tasks import load_task
from initscale.tasks.chain.definition import guessing

CHAIN = {
    "task": "chain", "seed": 3, "tokens": 40, "new": 40, "edges": 5, "modulus": 5, "residues": [0, 1, 4],
    "sequences": 2000, "test_sequences": 1000,
}  # fmt: skip
MODULAR = {"task": "modular", "seed": 3, "prime": 97, "operation": "divide", "taught": 0.5}


def chains(split: str) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """Edges (N, E, 2), queries, labels and the token between."""
    rows = load_task("chain", "generate").generate(CHAIN)[split].to_pandas().to_numpy("int64")
    edges, query, label = rows[:, :-2].reshape(len(rows), -1, 2), rows[:, -2], rows[:, -1]
    middle = edges[edges[:, :, 0] == query[:, None]][:, 1]
    return edges, query, label, middle


@pytest.mark.parametrize("split", ["train", "test", "ood"])
def test_label_is_two_steps_from_the_query(split):
    edges, query, label, middle = chains(split)
    for some, q, answer, between in zip(edges, query, label, middle, strict=True):
        steps = dict(some.tolist())
        assert len(steps) == 5  # no token is left twice
        assert steps[q] == between
        assert steps[between] == answer
    assert len(set(map(tuple, (edges[:, :, 0] == query[:, None]).astype(int)))) == 5  # the order is shuffled


def test_edges_of_the_test_group_are_never_taught_and_their_tokens_are():
    taught, _, _, _ = chains("train")
    tested, _, _, _ = chains("test")
    pairs = [set(map(tuple, edges.reshape(-1, 2))) for edges in (taught, tested)]
    assert not pairs[0] & pairs[1]
    residues = [set((edges[..., 1] - edges[..., 0]).ravel() % 5) for edges in (taught, tested)]
    assert residues == [{0, 1, 4}, {2, 3}]
    assert set(taught.ravel()) == set(tested.ravel()) == set(range(1, 41))


def test_query_and_middle_of_the_third_group_are_new_and_all_else_is_familiar():
    edges, query, label, middle = chains("ood")
    assert min(query.min(), middle.min()) > 40
    assert max(query.max(), middle.max()) <= 80
    assert label.max() <= 40
    familiar = [len({token for token in some.ravel() if token <= 40}) for some in edges]
    assert set(familiar) == {4}  # the answer and three others
    assert guessing(CHAIN) == 1 / 4
    assert set((edges[..., 1] - edges[..., 0]).ravel() % 5) == {0, 1, 4}


def test_division_is_the_inverse_of_multiplication_and_every_equation_occurs_once():
    tables = load_task("modular", "generate").generate(MODULAR)
    rows = np.concatenate([table.to_pandas().to_numpy("int64") for table in tables.values()])
    a, b, c = rows.T
    assert (c * b % 97 == a).all()
    assert len({(x, y) for x, y in zip(a, b, strict=True)}) == len(rows) == 9312
    assert [table.num_rows for table in tables.values()] == [4656, 4656]
    add = load_task("modular", "generate").generate(MODULAR | {"operation": "add"})["test"].to_pandas()
    assert ((add["a"] + add["b"]) % 97 == add["c"]).all()
    assert (add["b"] == 0).any()


@pytest.mark.parametrize(("spec", "length"), [(CHAIN, 11), (MODULAR, 4)], ids=["chain", "modular"])
def test_a_training_sees_what_was_generated(spec, length, tmp_path):
    generate_data(spec, tmp_path)
    task, data = load_task(spec["task"]), load_task(spec["task"], "tensors").load(spec, tmp_path, 100)
    assert (
        data.tokens_Nn.shape == (task.training_rows(spec), length) == (len(data.labels_N), task.sequence_length(spec))
    )
    assert [next(iter(group.labels)) for group in data.groups] == list(task.SPLITS)
    assert all(len(group.tokens_Nn) == 100 for group in data.groups)
    assert torch.equal(data.groups[0].tokens_Nn, data.tokens_Nn[:100])
    assert max(int(group.tokens_Nn.max()) for group in data.groups) < task.vocabulary_size(spec)
    again = load_task(spec["task"], "generate").generate(spec)
    other = load_task(spec["task"], "generate").generate(spec | {"seed": 4})
    first = load_task(spec["task"], "generate").generate(spec)
    assert all(first[split].equals(again[split]) and not first[split].equals(other[split]) for split in first)


@pytest.mark.parametrize(
    ("dataset", "change", "words"),
    [
        ("chain", {"tokens": 41}, ["datasets.chain.tokens", "a multiple of the modulus 5"]),
        ("chain", {"residues": [0, 7]}, ["datasets.chain.residues", "some, but not all, of the residues 0..4"]),
        ("modular", {"prime": 51}, ["datasets.modular.prime", "51 is no prime"]),
        ("modular", {"taught": 0.001, "prime": 7}, ["datasets.modular.taught", "leaves a split"]),
    ],
)
def test_impossible_data_are_refused(dataset, change, words):
    with pytest.raises(ConfigError) as caught:
        load_config({"scale": "laptop", "datasets": {dataset: change}})
    for word in words:
        assert word in str(caught.value)
