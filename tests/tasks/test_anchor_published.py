"""The published order of draws against a second implementation: PyTorch's modules and loaders, row by row.

The second implementation does literally what the authors' runs did (order of draws: facts of their logs): global
generators, real ``Embedding``, ``Linear`` and ``DataLoader`` objects, one draw at a time.
"""

from __future__ import annotations

import random

import numpy as np
import pytest
import torch
from torch import nn
from torch.utils.data import DataLoader

from initscale.files.storage import write_table
from initscale.models.engines.stacked import StackedDecoder
from initscale.models.initializations.published import initial_weights
from initscale.models.scale import InitSpec
from initscale.models.spec import ModelSpec, parameters
from initscale.stages.generate_data import generate_data
from initscale.tasks.anchor_published import definition as anchor_published
from initscale.tasks.anchor_published.generate import generate
from initscale.tasks.anchor_published.tensors import load
from initscale.training.batch_orders.published import epoch_order
from initscale.training.recipe import Recipe

PAIRS = [(1, 3), (2, 3), (4, 3), (3, 1), (3, 2), (3, 4), (1, 2), (1, 4)]
PAIRS += [(2, 1), (4, 1), (2, 4), (4, 2), (1, 1), (2, 2), (3, 3), (4, 4)]
G = {1: +5, 2: +1, 3: -2, 4: -8}
DATA = {
    "task": "anchor_published",
    "seed": 1,
    "length": 9,
    "values": [20, 99],
    "anchor_shifts": list(G.values()),
    "exceptions": [{"pair": [3, 4], "shift": -6}],
    "unseen": [[4, 3]],
    "split_modulus": "n",
    "sequences_per_pair": 56250,
    "test_fraction": 0.1,
}
MODEL = {
    **{"d_model": 400, "n_heads": 1, "d_head": 200, "d_ff": 1200, "depth": 2, "vocabulary": 201, "max_positions": 20},
    **{"norm": "post", "activation": "relu", "final_norm": False},
    "init": {"gamma": 0.8, "axis": "input", "embedding": "width"},
}
SMALL = {"d_model": 12, "d_head": 5, "d_ff": 7, "depth": 3, "vocabulary": 101, "max_positions": 9}
SPEC, INIT = ModelSpec.from_config(MODEL), InitSpec(**MODEL["init"])


@pytest.fixture(autouse=True)
def global_generators():
    """The second implementation seeds the global generators; give them back as they were."""
    states = random.getstate(), np.random.get_state(), torch.get_rng_state()
    yield
    random.setstate(states[0])
    np.random.set_state(states[1])
    torch.set_rng_state(states[2])


def rows_drawn_one_by_one(seed: int, train_size: int, test_size: int, values: tuple[int, int], n: int = 9) -> dict:
    """(pair, keys) -> rows of n tokens and the inferential label (the exception's own for the pair 3,4)."""
    np.random.seed(seed)
    random.seed(seed)
    groups = {}
    for keys, size in (("test", test_size), ("train", train_size)):
        for pair in PAIRS:
            table = np.random.randint(values[0], values[1] + 1, size=(size, n + 1))
            for row in table:
                p = np.random.randint(0, n - 2)
                is_test = keys == "test"
                key = random.choice([x for x in range(values[0], values[1] + 1) if (x % n == p) == is_test])
                row[p], row[p + 1], row[p + 2] = key, *pair
                row[n] = key + G[pair[0]] + G[pair[1]] + (4 if pair == (3, 4) else 0)
            groups[pair, keys] = table
    return groups


def rows_of(table) -> np.ndarray:
    return np.stack([table[f"token_{i}"].to_numpy() for i in range(9)] + [table["label"].to_numpy()], axis=1)


@pytest.mark.parametrize(("seed", "values"), [(1, (20, 99)), (2, (20, 99)), (1, (20, 51))])  # 51: 3 or 4, 28 or 29 keys
def test_rows_are_those_drawn_one_by_one(seed, values):
    spec = DATA | {"seed": seed, "values": list(values), "sequences_per_pair": 300}
    groups = rows_drawn_one_by_one(seed, 270, 30, values)
    tables = generate(spec)
    for split in ("train", "test"):
        trained = [groups[pair, split] for pair in PAIRS if pair != (4, 3)]
        assert np.array_equal(rows_of(tables[split]), np.concatenate(trained))
    mapping = np.array(tables["unseen"]["mapping"].to_pylist())
    unseen = np.concatenate([groups[(4, 3), keys] for keys in ("test", "train")])
    symmetric = unseen + np.array([0] * 9 + [4])  # x - 6 where the inferential label is x - 10
    assert np.array_equal(rows_of(tables["unseen"])[mapping == "inferential"], unseen)
    assert np.array_equal(rows_of(tables["unseen"])[mapping == "symmetric"], symmetric)


def test_scored_groups_are_the_logs_thirty_two(tmp_path):
    spec = DATA | {"sequences_per_pair": 300}
    generate_tables(spec, tmp_path)
    groups = rows_drawn_one_by_one(1, 270, 30, (20, 99))
    data = load(spec, tmp_path, sequences=100)
    assert [list(group.labels) for group in data.groups[:2]] == [["train"], ["test"]]
    assert set(data.groups[0].tokens_Nn[:, :9].flatten().tolist()) >= {1, 2, 3, 4}, "the sample holds every pair"
    scored = {name: (group.tokens_Nn, labels) for group in data.groups[2:] for name, labels in group.labels.items()}
    for (pair, keys), rows in groups.items():
        name = f"{pair[0]}_{pair[1]}_{'inferential_' if pair == (4, 3) else ''}{keys}_keys"
        tokens, labels = scored.pop(name)
        assert np.array_equal(torch.cat([tokens, labels[:, None]], 1), rows[:100]), name
    assert set(scored) == {"4_3_symmetric_test_keys", "4_3_symmetric_train_keys", "exception_3_4"}
    for keys in ("test", "train"):
        rows = groups[(4, 3), keys][:100]
        assert np.array_equal(scored[f"4_3_symmetric_{keys}_keys"][1], rows[:, 9] + 4)
    assert np.array_equal(scored["exception_3_4"][1], groups[(3, 4), "test"][:, 9])
    assert len(data.tokens_Nn) == len(data.labels_N) == anchor_published.training_rows(spec) == 15 * 270


def generate_tables(spec: dict, folder) -> None:
    for split, table in generate(spec).items():
        write_table(folder / f"{split}.parquet", table)


class PublishedModules:
    """The model's modules, made and drawn in the published order with the default generator."""

    def __init__(self, spec: ModelSpec, gamma: float):
        d, attention = spec.d_model, spec.d_head * spec.n_heads
        self.weights, self.gamma = {}, gamma
        tokens, positions = nn.Embedding(spec.vocabulary, d), nn.Embedding(spec.max_positions, d)
        self.draw("tokens", tokens, d)
        self.draw("positions", positions, d)
        for layer in range(spec.depth):
            for name in "qkv":
                self.draw(f"layers.{layer}.attn.{name}", nn.Linear(d, attention, bias=False), d)
            self.draw(f"layers.{layer}.attn.o", nn.Linear(attention, d, bias=False), attention)
            self.keep(f"layers.{layer}.attn_norm", nn.LayerNorm(d))
            up, down = nn.Linear(d, spec.d_ff, bias=False), nn.Linear(spec.d_ff, d, bias=False)
            self.keep(f"layers.{layer}.ffn_norm", nn.LayerNorm(d))
            self.draw(f"layers.{layer}.ffn.up", up, d)
            self.draw(f"layers.{layer}.ffn.down", down, spec.d_ff)
        self.draw("output", nn.Linear(d, spec.vocabulary), d)

    def draw(self, name: str, module: nn.Module, d_in: int) -> None:
        nn.init.normal_(module.weight, mean=0.0, std=d_in**-self.gamma)
        self.keep(name, module)

    def keep(self, name: str, module: nn.Module) -> None:
        self.weights |= {f"{name}.{key}": value.detach() for key, value in module.named_parameters()}


@pytest.mark.parametrize(("shape", "gamma", "seed"), [({}, 0.8, 1), ({}, 0.5, 2), (SMALL, 0.3, 1)])
def test_weights_are_those_of_real_modules(shape, gamma, seed):
    spec = ModelSpec.from_config(MODEL | shape)
    torch.manual_seed(seed)
    modules = PublishedModules(spec, gamma)
    before = torch.get_rng_state()
    weights = initial_weights(spec, InitSpec(gamma), seed)
    assert torch.equal(torch.get_rng_state(), before), "the global generator is not touched"
    assert list(weights) == [parameter.name for parameter in parameters(spec)]
    assert set(weights) == set(modules.weights)
    assert all(torch.equal(weights[name], value) for name, value in modules.weights.items())


class Index(torch.utils.data.Dataset):
    """A data set that returns its index."""

    def __init__(self, rows: int):
        self.rows = rows

    def __len__(self) -> int:
        return self.rows

    def __getitem__(self, index: int) -> int:
        return index


def orders_of_real_loaders(spec: ModelSpec, seed: int, epochs: int, batch: int, train: int, test: int) -> list:
    """Training rows of every epoch in the order in which real loaders hand them out."""
    torch.manual_seed(seed)
    PublishedModules(spec, 0.8)
    scored = [DataLoader(Index(rows), batch, shuffle=True) for rows in [test] * 16 + [train] * 16]
    unseen = DataLoader(Index(train), batch, shuffle=True)
    training = DataLoader(Index(15 * train), batch, shuffle=True, drop_last=True)
    orders = []
    for epoch in range(epochs):
        if epoch % 3 == 0 or epoch == epochs - 1:
            for loader in [*scored, unseen]:
                list(loader)
        orders.append(torch.cat(list(training)))
        for loader in [*scored[:16], unseen]:
            list(loader)
    return orders


@pytest.mark.parametrize(("seed", "epochs"), [(1, 6), (2, 7)])  # the last epoch is scored: off and on the third one
def test_batches_are_those_of_real_loaders(seed, epochs):
    model, batch, (train, test) = MODEL | SMALL, 16, (27, 3)
    facts = {
        "dataset": DATA | {"sequences_per_pair": 30},
        "model": model,
        "training": {"batch": batch, "duration": f"{epochs} epochs"},
        "seed": seed,
    }
    orders = orders_of_real_loaders(ModelSpec.from_config(model), seed, epochs, batch, train, test)
    before = torch.get_rng_state()
    for epoch in reversed(range(epochs)):  # a resumed run may ask for any epoch first
        order = epoch_order(facts, epoch, 15 * train)
        assert sorted(order.tolist()) == list(range(15 * train))
        assert torch.equal(order[: len(orders[epoch])], orders[epoch]), f"epoch {epoch}"
    assert torch.equal(torch.get_rng_state(), before), "the global generator is not touched"


@pytest.fixture(scope="module")
def published_data(tmp_path_factory):
    """The published data set in full."""
    folder = tmp_path_factory.mktemp("published")
    assert generate_data(DATA, folder)["rows"] == {"train": 759_375, "test": 84_375, "unseen": 112_500}
    return load(DATA, folder, sequences=50_625)


@pytest.mark.parametrize(
    ("name", "published"),
    [
        ("4_3_inferential_train_keys", 0.0034567901234567903),
        ("1_2_train_keys", 0.005017283950617284),
        ("1_2_test_keys", 0.004266666666666667),
    ],
)
def test_accuracy_before_training_is_the_published_one_in_every_digit(published_data, name, published):
    """authors' log at gamma 0.8, epoch 0: data, labels, weights and the forward pass, in one number."""
    weights = {key: value[None] for key, value in initial_weights(SPEC, INIT, seed=1).items()}
    model = StackedDecoder(SPEC, weights, torch.arange(100), length=9)
    (group,) = (group for group in published_data.groups if name in group.labels)
    with torch.no_grad():
        tables = model.tables()
        answers = [model.last_logits(part_Bn[None], tables).argmax(-1)[0] for part_Bn in group.tokens_Nn.split(512)]
    assert (torch.cat(answers) == group.labels[name]).double().mean().item() == published


def test_rate_is_the_published_one():
    """1e-5 -> 2e-4 over 10 epochs, then a cosine over 200 epochs to 1e-5, a new rate for every update.

    With 7 steps in an epoch instead of 370, for PyTorch's schedulers are slow.
    """
    training = {"batch": 2048, "duration": "210 epochs", "warmup": "10 epochs", "lr_start": 1e-5, "lr_end": 1e-5}
    training |= {"betas": [0.9, 0.999], "eps": 1e-8, "clip": 1.0, "precision": "bf16", "early_stopping": None}
    facts = {"training": training, "evaluation": {"every": "1 epochs", "snapshots": 0}}
    rates = Recipe.from_facts(facts, rows=7 * 2048 + 1).learning_rates(2e-4)
    assert len(rates) == 210 * 7
    rise = torch.optim.lr_scheduler.LinearLR(optimizer(2e-4), 1e-5 / 2e-4, 1.0, total_iters=10 * 7)
    fall = torch.optim.lr_scheduler.CosineAnnealingLR(optimizer(2e-4), 200 * 7, eta_min=1e-5)
    wanted = [next_rate(scheduler) for scheduler, epochs in ((rise, 10), (fall, 200)) for _ in range(epochs * 7)]
    assert np.allclose(rates, wanted, rtol=1e-6, atol=0)


def optimizer(rate: float) -> torch.optim.Optimizer:
    return torch.optim.AdamW([nn.Parameter(torch.zeros(1))], lr=rate)


def next_rate(scheduler) -> float:
    """The rate of one update; the scheduler is stepped behind it."""
    rate = scheduler.optimizer.param_groups[0]["lr"]
    scheduler.optimizer.step()
    scheduler.step()
    return rate
