"""Training on sequences with a scored part: against the plain decoder, recomputation and uninterrupted runs."""

from __future__ import annotations

import itertools
import math
import types

import pytest
import torch
from safetensors.torch import load_file
from torch.nn import functional as F

from initscale.errors import InputError, Interrupted
from initscale.files.storage import read_table
from initscale.models.decoder import Decoder
from initscale.models.engines.sequences import SequenceDecoder
from initscale.models.initializations.per_tensor import initial_weights
from initscale.models.scale import InitSpec
from initscale.models.spec import ModelSpec
from initscale.stages.train import check_init_from
from initscale.tasks.interface import SequenceData, SequenceGroup, Sequences
from initscale.training.batch_orders.per_epoch import epoch_order
from initscale.training.loop import Options, train
from initscale.training.recipe import Recipe
from initscale.training.sequence_scores import score
from initscale.training.sequence_trainer import Trainer

pytestmark = pytest.mark.filterwarnings("ignore:grad and param do not obey")  # of runs that share a buffer
CPU, EOS, VOCABULARY = torch.device("cpu"), 1, 23
BIAS = 0.8


def sequences_of(rows: int, seed: int = 0, longest: int = 11) -> Sequences:
    """Random prompts and targets of all lengths; the padding is a token that also occurs elsewhere."""
    draw = torch.Generator().manual_seed(seed)
    starts = torch.randint(1, longest // 2, (rows,), generator=draw)
    lengths = starts + torch.randint(1, longest // 2 + 1, (rows,), generator=draw)
    tokens = torch.randint(2, VOCABULARY, (rows, longest), generator=draw, dtype=torch.int32)
    tokens[torch.arange(rows), lengths - 1] = EOS
    return Sequences(tokens, starts, lengths)


def data_of(groups: tuple[SequenceGroup, ...] = ()) -> SequenceData:
    return SequenceData(sequences_of(60), EOS, torch.arange(VOCABULARY), groups, "hash")


def facts_of(seed: int = 0, **model) -> dict:
    shape = {"d_model": 24, "n_heads": 3, "d_head": 8, "d_ff": 40, "depth": 2, "vocabulary": VOCABULARY}
    kind = {"max_positions": 40, "norm": "pre", "activation": "gelu", "final_norm": True}
    init = {"init": {"gamma": 0.4, "axis": "input", "embedding": "width"}}
    training = {"batch": 16, "duration": "30 steps", "warmup": "5 steps", "lr": 3e-3, "lr_start": 1e-5, "lr_end": 1e-5}
    training |= {"betas": [0.9, 0.999], "eps": 1e-8, "weight_decay": 0.1, "clip": 0.5, "precision": "fp32"}
    return {
        "dataset": {"task": "toy"},
        "model": shape | kind | init | model,
        "training": training | {"early_stopping": None},
        "evaluation": {"every": "10 steps", "sequences": 10, "snapshots": 0},
        "seed": seed,
    }


@pytest.fixture(autouse=True)
def toy(monkeypatch):
    """A task that says which trainer its data want."""
    monkeypatch.setitem(
        __import__("sys").modules, "initscale.tasks.toy.definition", types.SimpleNamespace(TRAINER="sequence_trainer")
    )


def weights_of(facts: dict, dtype=torch.float64) -> tuple[ModelSpec, dict]:
    """Initial weights, perturbed so that norms and biases matter."""
    spec, noise = ModelSpec.from_config(facts["model"]), torch.Generator().manual_seed(5)
    weights = initial_weights(spec, InitSpec.from_config(facts["model"]["init"]), facts["seed"])
    return spec, {k: (v + 0.05 * torch.randn(v.shape, generator=noise)).to(dtype) for k, v in weights.items()}


def plain_loss(model: Decoder, batch: Sequences) -> torch.Tensor:
    """Mean over target tokens, one sequence at a time, without any padding."""
    losses = []
    for tokens, start, length in zip(batch.tokens_Nn.long(), batch.starts_N, batch.lengths_N, strict=True):
        logits = model(tokens[None, :length])[0]
        losses.append(F.cross_entropy(logits[start - 1 : length - 1], tokens[start:length], reduction="none"))
    return torch.cat(losses).mean()


SHAPES = list(itertools.product((1, 2, 3), ("post", "pre"), ("relu", "gelu")))


@pytest.mark.parametrize(("depth", "norm", "activation"), SHAPES)
@pytest.mark.parametrize("runs", [1, 2])
def test_loss_and_every_gradient_equal_the_plain_decoder(depth, norm, activation, runs, monkeypatch):
    """In parts of at most 60 positions, so that a batch is cut several times."""
    check_gradients(depth, norm, activation, runs, monkeypatch)


@pytest.mark.parametrize("depth", [1, 2])
def test_a_tied_output_equals_the_plain_decoder(depth, monkeypatch):
    check_gradients(depth, "pre", "gelu", 2, monkeypatch, tied=True)


def check_gradients(depth, norm, activation, runs, monkeypatch, **more) -> None:
    monkeypatch.setattr("initscale.training.sequence_trainer._TOKENS", {"cpu": 60})
    shape = {"depth": depth, "norm": norm, "activation": activation, "final_norm": norm == "pre", **more}
    facts = [facts_of(seed, **shape) for seed in range(runs)]
    for run in facts:
        run["training"]["precision"] = "fp64"
    data = data_of()
    trainer = Trainer(facts, data, CPU)
    index_RB = trainer.batches.indices(1)
    for run, fact in enumerate(facts):
        weights = trainer.flat.run_weights(run)
        loss = trainer._loss_and_gradients(run, index_RB[run])
        model = Decoder.with_weights(ModelSpec.from_config(fact["model"]), weights).requires_grad_(True)
        wanted = plain_loss(model, data.train.rows(index_RB[run]))
        wanted.backward()
        assert loss.item() == pytest.approx(wanted.item(), rel=1e-12)
        for name, parameter in model.named_parameters():
            found = trainer.flat.views[name].grad[run]
            assert (found - parameter.grad).norm() <= 1e-10 * parameter.grad.norm() + 1e-14, name


def test_the_padding_is_never_looked_at():
    data = data_of()
    other = data.train.tokens_Nn.clone()
    other[torch.arange(other.shape[1]) >= data.train.lengths_N[:, None]] = 7
    changed = SequenceData(Sequences(other, data.train.starts_N, data.train.lengths_N), EOS, data.items, (), "")
    losses = [Trainer([facts_of()], some, CPU).step(0).loss_R for some in (data, changed)]
    assert not torch.equal(other, data.train.tokens_Nn)
    assert torch.equal(*losses)


def test_training_equals_plain_pytorch(tmp_path):
    facts = facts_of()
    facts["training"]["precision"] = "fp64"
    data = data_of()
    train([facts], [tmp_path], data, Options())
    spec, recipe = ModelSpec.from_config(facts["model"]), Recipe.from_facts(facts, len(data.train))
    model = Decoder.with_weights(spec, initial_weights(spec, InitSpec.from_config(facts["model"]["init"]), 0)).double()
    model.requires_grad_(True)
    optimizer = torch.optim.AdamW(model.parameters(), betas=(0.9, 0.999), eps=1e-8, weight_decay=0.1)
    for step in range(recipe.steps):
        epoch, place = divmod(step, recipe.steps_per_epoch)
        rows = epoch_order({"seed": 0}, epoch, len(data.train))[place * 16 :][:16]
        optimizer.param_groups[0]["lr"] = recipe.learning_rates(3e-3)[step]
        optimizer.zero_grad()
        plain_loss(model, data.train.rows(rows)).backward()
        torch.nn.utils.clip_grad_norm_(model.parameters(), 0.5)
        optimizer.step()
    weights = load_file(tmp_path / "weights.safetensors")
    for name, wanted in model.state_dict().items():
        torch.testing.assert_close(weights[name], wanted, rtol=1e-7, atol=1e-9)


@pytest.mark.parametrize("stop_at", [7, 10, 23])
def test_an_interrupted_run_is_bit_equal(stop_at, tmp_path, monkeypatch):
    groups = (SequenceGroup("test", "exact", sequences_of(9, 3)), SequenceGroup("text", "loss", sequences_of(9, 4)))
    data = data_of(groups)
    train([facts_of()], [tmp_path / "whole"], data, Options())
    with monkeypatch.context() as patch:
        stop_after(patch, stop_at)
        with pytest.raises(Interrupted):
            train([facts_of()], [tmp_path / "parts"], data, Options())
    train([facts_of()], [tmp_path / "parts"], data, Options())
    whole, parts = (read_table(tmp_path / name / "history.parquet") for name in ("whole", "parts"))
    # the first loss is nan, which is not equal to itself
    assert whole.to_pandas().astype(str).equals(parts.to_pandas().astype(str))
    files = [(tmp_path / name / "weights.safetensors").read_bytes() for name in ("whole", "parts")]
    assert files[0] == files[1]


def stop_after(patch, steps: int) -> None:
    """Ask every training to stop after some steps, as a signal would."""
    import os
    import signal

    plain, done = Trainer.step, []

    def step(self, number):
        done.append(number)
        if len(done) == steps:
            os.kill(os.getpid(), signal.SIGTERM)
        return plain(self, number)

    patch.setattr(Trainer, "step", step)


def test_history_has_a_column_for_every_group(tmp_path):
    groups = tuple(SequenceGroup(kind, kind, sequences_of(9, 3)) for kind in ("exact", "teacher_forced", "loss"))
    train([facts_of()], [tmp_path], data_of(groups), Options())
    history = read_table(tmp_path / "history.parquet")
    assert {"acc_exact", "acc_teacher_forced", "loss_loss"} <= set(history.column_names)
    assert history.schema.field("loss_loss").metadata[b"unit"] == b"nats"


class Scripted(SequenceDecoder):
    """Stands for a model: behind a prompt it says what ``answers`` has for the prompt, then only padding."""

    def __init__(self, answers: dict[tuple[int, ...], list[int]], vocabulary: int = VOCABULARY):
        self.answers, self.vocabulary = answers, vocabulary

    def scored_logits(self, tokens_BN, scored_S):
        rows = []
        for place in scored_S.tolist():
            row, position = divmod(place, tokens_BN.shape[1])
            rows.append(self.next(tokens_BN[row, : position + 1].tolist()))
        return F.one_hot(torch.tensor(rows), self.vocabulary).double()

    def next(self, tokens: list[int]) -> int:
        for length in range(len(tokens), 0, -1):
            answer, said = self.answers.get(tuple(tokens[:length])), tokens[length:]
            if answer is not None and said == answer[: len(said)]:
                return [*answer, 0][min(len(said), len(answer))]
        return 0  # never heard

    def continuations(self, tokens_BN, starts_B, end, most):
        found = []
        for tokens, start in zip(tokens_BN.tolist(), starts_B.tolist(), strict=True):
            said = []
            while len(said) < most and end not in said:
                said.append(self.next(tokens[:start] + said))
            found.append(said)
        return found


PROMPT, TARGET = (5, 6), [7, 8, 9, EOS]


@pytest.mark.parametrize(
    ("answer", "exact", "teacher_forced", "final"),
    [
        ([7, 8, 9, EOS], 1, 1, 1),
        ([7, 8, EOS], 0, 0, 0),  # stops early
        ([7, 8, 9, 9, EOS], 0, 1, 1),  # stops late, with the right last word
        ([7, 8, 9, 4], 0, 1, 0),  # never stops
        ([7, 9, 9, EOS], 0, 0, 1),  # wrong in the middle
        ([EOS], 0, 0, 0),
        ([], 0, 0, 0),
    ],
)
def test_scores_of_hand_made_predictions(answer, exact, teacher_forced, final):
    sequences = Sequences(torch.tensor([[*PROMPT, *TARGET, 3, 3]]), torch.tensor([2]), torch.tensor([6]))
    wanted = {"exact": exact, "teacher_forced": teacher_forced, "final": final}
    for kind, value in wanted.items():
        group = SequenceGroup("x", kind, sequences, max_new_tokens=8)
        assert score(Scripted({PROMPT: answer}), group, EOS, CPU, 100) == value, kind


def test_scores_are_shares_of_all_sequences():
    rows = [[5, 6, 7, EOS, 0], [5, 4, 8, 8, EOS], [5, 2, 9, EOS, 0], [5, 3, EOS, 0, 0]]
    sequences = Sequences(torch.tensor(rows), torch.full((4,), 2), torch.tensor([4, 5, 4, 3]))
    model = Scripted({(5, 6): [7, EOS], (5, 4): [8, EOS], (5, 2): [9, EOS], (5, 3): [EOS]})
    for most in (1, 7, 100):
        assert score(model, SequenceGroup("x", "exact", sequences), EOS, CPU, most) == 0.75


def test_loss_and_choice_against_the_plain_decoder():
    spec, weights = weights_of(facts_of())
    sequences, model = sequences_of(30, 2), Decoder.with_weights(spec, weights)
    decoder = SequenceDecoder(spec, weights)
    with torch.no_grad():
        loss = score(decoder, SequenceGroup("x", "loss", sequences), EOS, CPU, 50)
        assert loss == pytest.approx(plain_loss(model, sequences).item(), rel=1e-12)
        candidates, right = torch.tensor([3, 9, 4, 17]), 0
        first = candidates[torch.arange(30) % 4]
        sequences.tokens_Nn[torch.arange(30), sequences.starts_N] = first.int()
        for tokens, start, wanted in zip(sequences.tokens_Nn.long(), sequences.starts_N, first, strict=True):
            logits = model(tokens[None, :start])[0, -1]
            right += int(candidates[logits[candidates].argmax()] == wanted)
    group = SequenceGroup("x", "choice", sequences, candidates=candidates)
    assert score(decoder, group, EOS, CPU, 50) == right / 30
    assert 0 < right < 30


def test_no_sequences_give_no_score():
    spec, weights = weights_of(facts_of())
    empty = Sequences(torch.zeros(0, 4, dtype=torch.long), torch.zeros(0).long(), torch.zeros(0).long())
    for kind in ("exact", "loss", "teacher_forced"):
        assert math.isnan(score(SequenceDecoder(spec, weights), SequenceGroup("x", kind, empty), EOS, CPU, 50))


@pytest.mark.parametrize(("depth", "norm"), [(1, "pre"), (2, "post"), (3, "pre")])
def test_continuations_equal_recomputation(depth, norm):
    facts = facts_of(depth=depth, norm=norm, final_norm=norm == "pre")
    spec, weights = weights_of(facts)
    weights["output.bias"][EOS] += BIAS  # so that some continuations stop
    sequences, model = sequences_of(40, 6), Decoder.with_weights(spec, weights)
    found = SequenceDecoder(spec, weights).continuations(sequences.tokens_Nn.long(), sequences.starts_N, EOS, 12)
    for tokens, start, own in zip(sequences.tokens_Nn.long(), sequences.starts_N.tolist(), found, strict=True):
        assert own == recomputed(model, tokens[:start].tolist(), 12)
    assert len({len(own) for own in found}) > 1
    assert {own[-1] == EOS for own in found} == {True, False}


def recomputed(model: Decoder, prompt: list[int], most: int) -> list[int]:
    said: list[int] = []
    with torch.no_grad():
        while len(said) < most and EOS not in said:
            said.append(int(model(torch.tensor([prompt + said]))[0, -1].argmax()))
    return said


def test_exact_equals_comparing_continuations():
    """The shortcut of the kind `exact`: half the targets are what the model says, the others are not."""
    spec, weights = weights_of(facts_of())
    decoder, sequences = SequenceDecoder(spec, weights), sequences_of(40, 7)
    said = decoder.continuations(sequences.tokens_Nn.long(), sequences.starts_N, EOS, 9)
    tokens, lengths = torch.zeros(40, 16, dtype=torch.long), sequences.starts_N.clone()
    for row, (own, start) in enumerate(zip(said, sequences.starts_N.tolist(), strict=True)):
        target = own if row % 2 else [*own[:-1], (own[-1] + 1) % VOCABULARY]
        tokens[row, : start + len(own)] = torch.tensor([*sequences.tokens_Nn[row, :start].tolist(), *target])
        lengths[row] = start + len(own)
    group = SequenceGroup("x", "exact", Sequences(tokens, sequences.starts_N, lengths))
    assert score(decoder, group, EOS, CPU, 50) == 0.5


class TestStartFrom:
    def facts(self, source: dict) -> dict:
        return {**facts_of(), "init_from": source}

    def test_training_goes_on_from_the_given_weights(self, tmp_path):
        data, source = data_of(), facts_of(seed=5)
        train([source], [tmp_path / "source"], data, Options())
        weights = tmp_path / "source" / "weights.safetensors"
        facts = self.facts(source)
        facts["evaluation"]["snapshots"] = 1
        train([facts], [tmp_path / "run"], data, Options(), [weights])
        before, after = load_file(weights), load_file(tmp_path / "run" / "weights.safetensors")
        start = load_file(tmp_path / "run" / "snapshots.safetensors")
        for name, value in before.items():
            assert torch.equal(start[f"step~0/{name}"], value)
        assert not torch.equal(before["output.weight"], after["output.weight"])

    def test_an_interrupted_run_is_bit_equal(self, tmp_path, monkeypatch):
        data, source = data_of(), facts_of(seed=5)
        train([source], [tmp_path / "source"], data, Options())
        starts, facts = [tmp_path / "source" / "weights.safetensors"], self.facts(source)
        train([facts], [tmp_path / "whole"], data, Options(), starts)
        with monkeypatch.context() as patch:
            stop_after(patch, 12)
            with pytest.raises(Interrupted):
                train([facts], [tmp_path / "parts"], data, Options(), starts)
        train([facts], [tmp_path / "parts"], data, Options(), starts)
        files = [(tmp_path / name / "weights.safetensors").read_bytes() for name in ("whole", "parts")]
        assert files[0] == files[1]

    def test_weights_of_another_run_are_refused(self, tmp_path):
        source = facts_of(seed=5)
        train([source], [tmp_path], data_of(), Options())
        weights = [tmp_path / "weights.safetensors"]
        check_init_from([self.facts(source)], weights)
        with pytest.raises(InputError, match="were made with other settings"):
            check_init_from([self.facts(facts_of(seed=6))], weights)
        with pytest.raises(InputError, match="continue from others, and 0 file"):
            check_init_from([self.facts(source)], [])
