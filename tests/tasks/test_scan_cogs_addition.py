"""SCAN, COGS and addition: against the authors' files where they are, against counts and definitions everywhere."""

from __future__ import annotations

import gzip
import hashlib
import math
import os
from collections import Counter
from pathlib import Path

import pandas as pd
import pytest
import torch
from conftest import REPOSITORY

from initscale.errors import ConfigError
from initscale.files.storage import read_json, read_table
from initscale.stages.generate_data import generate_data
from initscale.tasks import load_task
from initscale.tasks.addition import definition as addition
from initscale.tasks.addition import tensors as addition_tensors
from initscale.tasks.ceiling import attainable
from initscale.tasks.cogs import definition as cogs
from initscale.tasks.cogs import tensors as cogs_tensors
from initscale.tasks.scan import definition as scan
from initscale.tasks.scan import tensors as scan_tensors
from initscale.tasks.scan.generate import all_commands, verb_phrases
from initscale.tasks.word_sequences import EOS, SEP, UNKNOWN, Vocabulary

REFERENCE = Path(os.environ.get("INITSCALE_REFERENCE_DATA", REPOSITORY.parent / "shared" / "data"))
SCAN, SAMPLE = {"task": "scan", "seed": 0}, {"task": "cogs", "seed": 0, "source": "sample"}
COGS = {**SAMPLE, "source": "upstream"}
SUMS = {"task": "addition", "seed": 0, "tokens": "number", "values": [0, 29], "block": [12, 17]} | {
    "train_pairs": 500,
    "test_pairs": 100,
}


def reference(folder: str) -> Path:
    path = REFERENCE / folder
    if not path.is_dir():
        pytest.skip(f"no reference files in {path} (INITSCALE_REFERENCE_DATA names their folder)")
    return path


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    """Function of a specification that makes its data once and gives their folder."""
    known: dict[str, Path] = {}

    def folder(spec: dict, mirror: Path | None = None) -> Path:
        key = str(spec)
        if key not in known:
            known[key] = tmp_path_factory.mktemp(spec["task"])
            generate_data(spec, known[key], str(mirror) if mirror else None)
        return known[key]

    return folder


def split(folder: Path, name: str) -> pd.DataFrame:
    return read_table(folder / f"{name}.parquet").to_pandas()


def every_spec():
    return pytest.mark.parametrize("spec", [SCAN, SAMPLE, SUMS, {**SUMS, "tokens": "digit"}], ids=lambda s: s["task"])


@every_spec()
def test_the_facts_of_a_task_are_those_of_its_data(spec, made):
    """Known before there are data: rows, longest sequence, vocabulary."""
    task, data = load_task(spec["task"]), load_task(spec["task"], "tensors").load(spec, made(spec), 10_000)
    assert len(data.train) == task.training_rows(spec)
    scored = [group.sequences for group in data.groups if len(group.sequences)]
    every = torch.cat([part.tokens_Nn.flatten().unique() for part in (data.train, *scored)])
    assert every.max() < task.vocabulary_size(spec) == len(data.items)
    assert max(int(part.lengths_N.max()) for part in (data.train, *scored)) <= task.sequence_length(spec)
    assert read_json(made(spec) / "dataset.json")["rows"]["train"] == task.training_rows(spec)


@every_spec()
def test_equal_seeds_give_equal_data(spec, tmp_path):
    first, second, other = (
        generate_data({**spec, "seed": seed}, tmp_path / str(run))["content_hash"] for run, seed in enumerate((3, 3, 4))
    )
    assert first == second
    assert (first == other) == (spec["task"] == "cogs")  # whose seed is that of its subsets


@every_spec()
def test_targets_end_once(spec, made):
    data = load_task(spec["task"], "tensors").load(spec, made(spec), 50)
    for tokens, start, length in zip(data.train.tokens_Nn, data.train.starts_N, data.train.lengths_N, strict=True):
        row = tokens[:length].tolist()
        assert row[start - 1] == SEP
        assert (row.count(SEP), row.count(EOS), row[-1]) == (1, 1, EOS)
        assert UNKNOWN not in row


@pytest.mark.parametrize("spec", [SCAN, SAMPLE], ids=["scan", "cogs"])
def test_padding_can_be_scored_as_end_tokens(spec, made):
    tensors = load_task(spec["task"], "tensors")
    plain, padded = (tensors.load({**spec, **more}, made(spec), 5, 20) for more in ({}, {"score_padding": True}))
    width = int(plain.train.lengths_N.max())
    assert (padded.train.lengths_N == width).all()
    assert torch.equal(padded.train.starts_N, plain.train.starts_N)
    for own, other, length in zip(padded.train.tokens_Nn, plain.train.tokens_Nn, plain.train.lengths_N, strict=True):
        assert torch.equal(own[:length], other[:length])
        assert (own[length:] == EOS).all()
    assert torch.equal(padded.groups[0].sequences.lengths_N, plain.groups[0].sequences.lengths_N)


def test_what_is_attainable():
    train = pd.DataFrame({"prompt": ["a b", "b c"], "target": ["x y", "y"]})
    items = {("c a", "y x"): True, ("a", "x x x"): True, ("a d", "x"): False, ("a", "z"): False, ("a", "a"): False}
    items |= {("a b c", "x y"): False, ("a", "x y x y"): False}  # longer than the four words of the first row
    found = attainable(train, pd.DataFrame(items.keys(), columns=["prompt", "target"]))
    assert found.tolist() == list(items.values())


class TestScan:
    @pytest.mark.parametrize(
        ("file", "name"),
        [
            ("tasks", "commands"),
            ("tasks_train_addprim_turn_left", "train"),
            ("tasks_test_addprim_turn_left", "test"),
        ],
    )
    def test_equal_to_the_authors_files(self, file, name, made):
        lines = gzip.decompress((reference("scan") / f"{file}.txt.gz").read_bytes()).decode().splitlines()
        rows = split(made(SCAN), name)
        assert Counter(lines) == Counter("IN: " + rows["command"] + " OUT: " + rows["actions"])

    def test_counts(self, made):
        tables = {name: split(made(SCAN), name) for name in scan.SPLITS}
        assert [len(table) for table in tables.values()] == [20_910, 21_890, 1_208]
        assert len(verb_phrases()) == 34
        assert (tables["train"]["command"] == "turn left").sum() == scan.PRIMITIVES == 2_189
        assert not set(tables["train"]["command"]) & set(tables["test"]["command"])
        assert set(tables["train"]["command"]) | set(tables["test"]["command"]) == set(tables["commands"]["command"])
        assert list(tables["commands"].columns) == ["command", "actions"]

    @pytest.mark.parametrize("words", [r"^turn left(?: twice| thrice)? (?:and|after)", "jump", "turn right"])
    def test_first_test_commands_are_a_fair_sample(self, words, made):
        """Evaluations take the first ones. Four standard deviations of a draw without replacement."""
        found = split(made(SCAN), "test")["command"].str.contains(words)
        share, taken = found.mean(), 400
        deviation = math.sqrt(share * (1 - share) / taken * (1 - taken / len(found)))
        assert abs(found.head(taken).mean() - share) < 4 * deviation

    def test_meanings(self):
        commands = all_commands()
        assert commands["jump twice"] == "I_JUMP I_JUMP"
        assert commands["turn opposite left"] == "I_TURN_LEFT I_TURN_LEFT"
        assert commands["walk around right"] == " ".join(["I_TURN_RIGHT I_WALK"] * 4)
        assert commands["look left after run"] == "I_RUN I_TURN_LEFT I_LOOK"
        assert commands["look left and run"] == "I_TURN_LEFT I_LOOK I_RUN"
        assert "turn" not in commands

    @pytest.mark.parametrize("size", [10, 500, 21_890])
    def test_subsets_keep_the_primitive_and_are_nested(self, size, made):
        train = split(made(SCAN), "train")
        taken, left = scan_tensors.subset(train, size)
        copies = (taken["command"] == "turn left").sum()
        assert len(taken) == size
        assert copies == max(1, round(size / 10))
        assert not set(taken["command"]) & set(left["command"])
        larger, _ = scan_tensors.subset(train, min(2 * size, len(train)))
        assert set(taken["command"]) <= set(larger["command"])

    def test_all_test_commands_are_attainable(self, made):
        assert attainable(split(made(SCAN), "train"), split(made(SCAN), "test")).all()


class TestCogs:
    def test_equal_to_the_pinned_files(self, made):
        """The hashes are checked when the files are read; rows and counts come on top."""
        folder = made(COGS, reference("cogs"))
        for name, rows in {"train": 24_155, "dev": 3_000, "test": 3_000, "gen": 21_000}.items():
            table = split(folder, name)
            assert len(table) == rows
            text = "".join("\t".join(row) + "\n" for row in table.itertuples(index=False))
            assert hashlib.sha256(text.encode()).hexdigest() == cogs.downloads(COGS)[f"{name}.tsv"].sha256
        assert Counter(split(folder, "gen")["type"]) == dict.fromkeys(cogs.TYPES, 1000)

    def test_facts_and_what_is_attainable(self, made):
        folder = made(COGS, reference("cogs"))
        train, gen = split(folder, "train"), split(folder, "gen")
        assert len(cogs_tensors.joint_words(train)) + 4 == cogs.vocabulary_size(COGS)
        assert (train["type"] != "in_distribution").sum() == cogs.special_rows(COGS)
        words = gen["sentence"].str.split().str.len() + gen["logical_form"].str.split().str.len()
        assert words.max() + 2 == cogs.sequence_length(COGS)
        missed = gen["type"][~attainable(train, gen)]
        assert len(missed) == 1_644
        assert (missed == "cp_recursion").sum() == 850
        assert (missed == "pp_recursion").sum() == 786

    def test_21_types(self):
        assert (len(cogs.LEXICAL), len(cogs.STRUCTURAL), len(set(cogs.TYPES))) == (18, 3, 21)

    def test_the_sample_has_every_type_and_the_form_of_the_files(self, made):
        tables = {name: split(made(SAMPLE), name) for name in cogs.SPLITS}
        assert set(tables["gen"]["type"]) == set(cogs.TYPES)
        assert {"primitive", "in_distribution", "exposure_example_passive"} <= set(tables["train"]["type"])
        for table in tables.values():
            for sentence, form, kind in table.itertuples(index=False):
                if kind != "primitive":  # every index is that of a word
                    found = [int(part.split()[0]) for part in form.split("x _ ")[1:]]
                    assert sentence.endswith(" .")
                    assert max(found) < len(sentence.split()), sentence

    @pytest.mark.parametrize("size", [10, 17, 30])
    def test_subsets_keep_the_special_rows_and_are_nested(self, size, made):
        train = split(made(SAMPLE), "train")
        taken = cogs_tensors.subset(SAMPLE, train, size)
        assert len(taken) == size
        assert (taken["type"] != "in_distribution").sum() == cogs.special_rows(SAMPLE) == 10
        assert set(taken.index) <= set(cogs_tensors.subset(SAMPLE, train, min(size + 5, 30)).index)

    def test_types_share_the_scored_sequences(self, made):
        data = cogs_tensors.load(SAMPLE, made(SAMPLE), 42)
        counts = {group.name: len(group.sequences) for group in data.groups}
        assert {counts[name] for name in cogs.TYPES} == {1}  # the sample has no more
        assert counts["test"] == counts["test_teacher_forced"] == 4

    def test_unknown_words_are_one_token(self):
        assert Vocabulary(["goat"]).encode("goat heron") == [4, UNKNOWN]


class TestAddition:
    def test_the_paper_s_counts(self):
        spec = {**SUMS, "values": [0, 999], "block": [400, 600]}
        assert addition.pairs_outside(spec) == 959_599
        assert addition.vocabulary_size(spec) == 1_999 + 1 + 4
        assert addition.sequence_length({**spec, "tokens": "digit"}) == 3 + 1 + 3 + 4 + 2

    def test_splits(self, made):
        tables = {name: split(made(SUMS), name) for name in addition.SPLITS}
        assert [len(table) for table in tables.values()] == [500, 100, 36]
        pairs = {name: set(zip(table["a"], table["b"], strict=True)) for name, table in tables.items()}
        assert pairs["block"] == {(a, b) for a in range(12, 18) for b in range(12, 18)}
        assert not pairs["train"] & pairs["test"]
        assert not (pairs["train"] | pairs["test"]) & pairs["block"]
        for table in tables.values():
            assert (table["a"] + table["b"] == table["c"]).all()

    def test_tokens(self):
        assert addition.texts(SUMS, 3, 27, 30) == ("3 + 27", "30")
        assert addition.texts({**SUMS, "tokens": "digit"}, 3, 27, 30) == ("0 3 + 2 7", "3 0")
        wide = {**SUMS, "tokens": "digit", "values": [0, 99]}
        assert addition.texts(wide, 3, 27, 30) == ("0 3 + 2 7", "0 3 0")

    def test_size_takes_the_first_pairs(self, made):
        whole, part = (addition_tensors.load(SUMS, made(SUMS), 50, size) for size in (None, 200))
        assert len(part.train) == 200
        assert torch.equal(part.train.tokens_Nn, whole.train.tokens_Nn[:200])

    @pytest.mark.parametrize(
        ("changes", "words"),
        [
            ({"block": [20, 40]}, "must be a range inside the values"),
            ({"values": [9, 3]}, "must be an increasing range"),
            ({"train_pairs": 800}, "more than the 864 pairs outside the block"),
        ],
    )
    def test_impossible_specifications(self, changes, words):
        with pytest.raises(ConfigError, match=words):
            addition.check_spec({**SUMS, **changes}, lambda *path: ".".join(path))


def test_a_copier_of_the_label_distribution_scores_what_it_should(made):
    """A model that always says the most frequent training target is right exactly as often as that target occurs."""
    from test_sequences import CPU, Scripted

    from initscale.tasks.interface import SequenceGroup, Sequences
    from initscale.training.sequence_scores import score

    data = addition_tensors.load(SUMS, made(SUMS), 1000)
    answers = Counter(split(made(SUMS), "train")["c"])
    ((common, times),) = answers.most_common(1)
    said = [*Vocabulary(addition.vocabulary(SUMS)).encode(str(common)), EOS]
    train = data.train
    prompts = {tuple(t[:s].tolist()) for t, s in zip(train.tokens_Nn, train.starts_N, strict=True)}
    model = Scripted({prompt: said for prompt in prompts}, len(data.items))
    group = SequenceGroup("train", "exact", Sequences(train.tokens_Nn, train.starts_N, train.lengths_N))
    assert score(model, group, EOS, CPU, 4096) == times / len(train)
