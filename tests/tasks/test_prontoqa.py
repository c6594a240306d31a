"""The PrOntoQA generator: against its definition, against an inference engine and against the original's items."""

from __future__ import annotations

import gzip
import json
import math
import re
from collections import Counter

import numpy as np
import pytest
from published import published
from scipy.stats import chi2

from initscale.errors import ConfigError, InputError
from initscale.files.storage import content_hash
from initscale.stages.generate_data import generate_data
from initscale.tasks.interface import Sequences
from initscale.tasks.prontoqa import definition as prontoqa
from initscale.tasks.prontoqa.definition import FAMILIES, NAMES, words
from initscale.tasks.prontoqa.generate import generate
from initscale.tasks.prontoqa.inference import (
    context_key,
    derive,
    read_question,
    sentences,
    shortcut,
    shortcut_accuracy,
)
from initscale.tasks.prontoqa.tensors import load
from initscale.tasks.word_sequences import EOS, SEP, Vocabulary

SPEC = {
    "task": "prontoqa",
    "seed": 0,
    "hops": [1, 2, 3, 4, 5],
    "order": "postorder",
    "sequences": 5000,
    "test_sequences": 500,
}


def rows_of(spec: dict, split: str = "train") -> list[dict]:
    return generate(spec)[split].to_pylist()


@pytest.fixture(scope="module")
def items() -> list[dict]:
    return rows_of(SPEC)


@pytest.fixture(scope="module")
def originals() -> dict[int, list[dict]]:
    """Items of the original generator by the number of hops."""
    found = {}
    for hops in SPEC["hops"]:
        with gzip.open(published(f"prontoqa/v1_{hops}hop_2000.jsonl.gz"), "rt") as file:
            found[hops] = [json.loads(line) for line in file]
    return found


@pytest.fixture(scope="module")
def ours() -> dict[int, list[dict]]:
    """Items of this generator by the number of hops."""
    found = rows_of(SPEC | {"sequences": 20_000})
    return {hops: [item for item in found if item["hops"] == hops] for hops in SPEC["hops"]}


def texts(items: list[dict]) -> list[tuple[str, str, str]]:
    return [(item["question"], item["query"], item["answer"]) for item in items]


class TestInference:
    QUESTION = (
        "Every wumpus is not red. Wumpuses are impuses. Each impus is cold. Jompuses are not cold. Max is a wumpus."
    )

    def test_follows_rules_from_the_premise(self):
        assert derive(self.QUESTION, "True or false: Max is cold.")
        assert not derive(self.QUESTION, "True or false: Max is not cold.")
        assert derive(self.QUESTION, "True or false: Max is not red.")

    def test_a_rule_about_another_concept_does_not_apply(self):
        with pytest.raises(InputError, match="does not follow"):
            derive(self.QUESTION.replace("Wumpuses are impuses. ", ""), "True or false: Max is cold.")

    def test_contradiction_and_other_entity_are_refused(self):
        with pytest.raises(InputError, match="or both do"):
            derive(self.QUESTION.replace("Jompuses", "Impuses"), "True or false: Max is cold.")
        with pytest.raises(InputError):
            derive(self.QUESTION, "True or false: Sam is cold.")

    def test_a_sentence_of_another_form_is_refused(self):
        with pytest.raises(InputError, match="is not a rule"):
            derive("Some wumpus is red. Max is a wumpus.", "True or false: Max is red.")

    def test_the_shortcut_believes_the_later_rule(self):
        assert not shortcut(self.QUESTION, "True or false: Max is cold.")
        assert shortcut(self.QUESTION, "True or false: Max is not cold.")

    def test_contexts_are_equal_up_to_wording_order_and_entity(self):
        other = (
            "Each wumpus is an impus. Each jompus is not cold. Wumpuses are not red. Impuses are cold. Sam is a wumpus."
        )
        assert context_key(other) == context_key(self.QUESTION)
        assert context_key(other.replace("not red", "red")) != context_key(self.QUESTION)
        assert context_key(other.replace("a wumpus.", "a jompus.")) != context_key(self.QUESTION)


class TestItems:
    def test_every_answer_follows(self, items):
        held_out = rows_of(SPEC, "test")
        for question, query, answer in texts(items + held_out):
            assert derive(question, query) == (answer == "True")

    @pytest.mark.parametrize("order", ["preorder", "random"])
    def test_every_answer_follows_in_every_order(self, order):
        for question, query, answer in texts(rows_of(SPEC | {"order": order, "sequences": 1000})):
            assert derive(question, query) == (answer == "True")

    def test_the_chain_of_thought_is_a_proof_of_so_many_steps(self, items):
        for item in items[:1000]:
            premise, *steps = sentences(item["chain_of_thought"])
            context = sentences(item["question"])
            assert premise == context[-1]
            assert len(steps) == 2 * item["hops"]
            for before, rule, fact in zip([premise, *steps[1::2]], steps[::2], steps[1::2], strict=False):
                assert rule in context  # the same wording
                assert stated(fact) in read_question(f"{rule} {before}").facts()
            asked = item["query"].removeprefix("True or false: ")
            assert (steps[-1] == asked) == (item["answer"] == "True")

    def test_concepts_form_a_chain_with_one_distractor(self, items):
        for item in items[:1000]:
            reading = read_question(item["question"])
            kinds = [(concept, then) for concept, (then, _) in reading.rules if then in NAMES]
            owned = [(concept, then) for concept, (then, _) in reading.rules if then not in NAMES]
            children = [child for child, _ in kinds]
            assert len(set(children)) == len(children)
            assert len(kinds) + 1 == len(owned)
            outside = [concept for concept, _ in owned if concept not in children]
            assert len(outside) == 1
            assert outside[0] not in dict(kinds).values()
            adjectives = [then for _, then in owned]
            assert len(set(adjectives)) == len(adjectives) - 1  # the distractor's is the queried one
            families = [next(f for f in FAMILIES if then in f) for then in set(adjectives)]
            assert len(set(families)) == len(families)

    def test_orders(self):
        """The first subsumption is about the deepest concept, about the topmost or about any."""
        first = {}
        for order in prontoqa.ORDERS:
            items = rows_of(SPEC | {"order": order, "sequences": 500})
            assert {item["order"] for item in items} == {order}
            kinds = [kind for kind in map(subsumptions, items) if len(kind) > 1]
            first[order] = np.mean([kind[0][0] not in {parent for _, parent in kind} for kind in kinds])
        assert first["postorder"] == 1
        assert first["preorder"] == 0
        assert 0.1 < first["random"] < 0.5

    def test_hops_and_answers_are_balanced_in_every_prefix(self, items):
        for size in (10, 500, 5000):
            counts = Counter((item["hops"], item["answer"]) for item in items[:size])
            assert len(counts) == 10
            assert set(counts.values()) == {size // 10}

    def test_queries_are_balanced_over_polarity(self, items):
        negative = np.mean([" not " in item["query"] for item in items])
        assert abs(negative - 0.5) < 4 * 0.5 / math.sqrt(len(items))


def subsumptions(item: dict) -> list[tuple[str, str]]:
    """Rules (concept, parent) of an item in their order."""
    return [(child, then) for child, (then, _) in read_question(item["question"]).rules if then in NAMES]


def stated(fact: str) -> tuple[str, bool]:
    """A derived sentence as name and polarity."""
    return re.fullmatch(r"\w+ is (?:not )?(?:an? )?(\w+)\.", fact)[1], " not " not in fact


class TestSplits:
    def test_no_test_context_is_trained_on_in_any_wording(self):
        # one hop with few concepts: contexts are so few that independent draws would collide
        spec = SPEC | {"hops": [1], "sequences": 4000, "test_sequences": 2000}
        train, test = (rows_of(spec, split) for split in ("train", "test"))
        held_out = {context_key(item["question"]) for item in test}
        assert not held_out & {context_key(item["question"]) for item in train}
        independent = rows_of(spec | {"seed": 1})
        assert held_out & {context_key(item["question"]) for item in independent}

    def test_same_spec_same_content_and_smaller_is_the_beginning_of_larger(self):
        small = SPEC | {"sequences": 100, "test_sequences": 50}
        assert content_hash(generate(small)) == content_hash(generate(small))
        assert content_hash(generate(small)).startswith("a2a52e1001ac1e89")  # on every machine
        assert rows_of(small) == rows_of(small | {"sequences": 200})[:100]
        assert rows_of(small | {"seed": 1}) != rows_of(small)


class TestAgreementWithTheOriginal:
    def test_the_engine_derives_every_original_answer(self, originals):
        for items in originals.values():
            for question, query, answer in texts(items):
                assert derive(question, query) == (answer == "True")

    def test_sentence_counts(self, ours, originals):
        statistic = freedom = 0
        for hops in SPEC["hops"]:
            counts = [Counter(len(sentences(item["question"])) for item in items[hops]) for items in (ours, originals)]
            statistic += two_samples(*counts)
            freedom += len(set(counts[0]) | set(counts[1])) - 1
        assert chi2.sf(statistic, freedom) > 0.001

    def test_surface_forms(self, ours, originals):
        def forms(items: list[dict]) -> Counter:
            return Counter(sentence.split()[0] if " is " in sentence else "plural" for sentence in rules(items))

        assert set(forms(ours[1])) - {"plural"} == set(forms(originals[1])) - {"plural"} == {"Each", "Every"}
        counts = [forms([item for group in items.values() for item in group]) for items in (ours, originals)]
        assert chi2.sf(two_samples(*counts), 2) > 0.001

    @pytest.mark.parametrize("measure", ["queries", "conclusions", "place of the distractor", "shortcut", "answers"])
    def test_shares(self, measure, ours, originals):
        """Their difference in standard errors, over all hops together."""
        function = {
            "queries": lambda item: " not " in item["query"],
            "conclusions": lambda item: " not " in last_thought(item),
            "place of the distractor": lambda item: distractor_place(item) < 0.5,
            "shortcut": lambda item: shortcut(item["question"], item["query"]) == (item["answer"] == "True"),
            "answers": lambda item: item["answer"] == "True",
        }[measure]
        pairs = [[np.array([function(item) for item in items[h]]) for items in (ours, originals)] for h in SPEC["hops"]]
        difference = sum(ours.mean() - theirs.mean() for ours, theirs in pairs)
        variance = sum(part.var() / len(part) for pair in pairs for part in pair)
        assert abs(difference) < 3.3 * math.sqrt(variance)

    def test_shortcut_is_the_published_one_in_postorder_and_chance_in_random_order(self, ours):
        found = {hops: shortcut_accuracy(texts(items)) for hops, items in ours.items()}
        for hops, share in {1: 0.46, 2: 0.53, 3: 0.61, 4: 0.68, 5: 0.73}.items():
            assert found[hops] == pytest.approx(share, abs=0.045)
        shuffled = shortcut_accuracy(texts(rows_of(SPEC | {"order": "random"})))
        assert shuffled == pytest.approx(0.5, abs=0.03)


def rules(items: list[dict]) -> list[str]:
    return [sentence for item in items for sentence in sentences(item["question"])[:-1]]


def last_thought(item: dict) -> str:
    """Last sentence of the chain of thought, which is a list in the original's files."""
    thought = item["chain_of_thought"]
    return (sentences(thought) if isinstance(thought, str) else thought)[-1]


def distractor_place(item: dict) -> float:
    """0 if the distractor is the first rule, 1 if it is the last."""
    found = read_question(item["question"]).rules
    children = {child for child, (then, _) in found if then in NAMES}
    (place,) = [number for number, (concept, _) in enumerate(found) if concept not in children]
    return place / (len(found) - 1)


def two_samples(one: Counter, other: Counter) -> float:
    """Chi-square statistic of two samples of counts."""
    a, b = one.total(), other.total()
    return sum(
        (one[key] * math.sqrt(b / a) - other[key] * math.sqrt(a / b)) ** 2 / (one[key] + other[key])
        for key in set(one) | set(other)
    )


SMALL = SPEC | {"sequences": 100, "test_sequences": 50}


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """Generated files of a small data set."""
    folder = tmp_path_factory.mktemp("data")
    generate_data(SMALL, folder)
    return folder


class TestTensors:
    def text(self, sequences: Sequences, row: int) -> tuple[str, str]:
        vocabulary = Vocabulary(words())
        tokens = [vocabulary.words[token] for token in sequences.tokens_Nn[row, : sequences.lengths_N[row]].tolist()]
        start = int(sequences.starts_N[row])
        return " ".join(tokens[:start]), " ".join(tokens[start:])

    def test_every_token_is_trained_and_no_word_is_unknown(self, folder):
        data = load(SMALL, folder, 20)
        assert len(data.train) == 100
        assert set(data.train.starts_N.tolist()) == {1}
        assert len(words()) == len(set(words())) == 74
        assert max(map(int, data.train.lengths_N)) <= prontoqa.sequence_length(SMALL)
        assert "<unknown>" not in " ".join(" ".join(self.text(data.train, row)) for row in range(100))

    def test_groups_ask_for_the_thought_or_for_the_answer(self, folder):
        data = load(SMALL, folder, 20)
        groups = {group.name: group for group in data.groups}
        item = rows_of(SMALL, "test")[0]
        spaced = {name: re.sub(r"([.:])", r" \1", item[name]).lower() for name in ("question", "query")}
        prompt, target = self.text(groups["generated"].sequences, 0)
        assert prompt == f"{spaced['question']} {spaced['query']} <sep>"
        assert target.endswith(f"{item['answer'].lower()} <eos>")
        thought = item["chain_of_thought"].lower().replace(".", " .")
        assert target == f"{thought} {item['answer'].lower()} <eos>"
        assert self.text(groups["gold"].sequences, 0) == (f"{prompt} {thought}", f"{item['answer'].lower()} <eos>")
        assert self.text(groups["train_answer"].sequences, 3)[1] in ("true <eos>", "false <eos>")
        assert len(groups["gold"].sequences) == 20
        assert len(groups["train_thought"].sequences) == 20
        assert sum(len(groups[f"gold_{hops}"].sequences) for hops in SMALL["hops"]) == 20
        assert int(groups["generated"].sequences.tokens_Nn[0, 0]) not in (SEP, EOS)

    def test_size_takes_the_first_items(self, folder):
        part, whole = load(SMALL, folder, 20, size=30), load(SMALL, folder, 20)
        assert len(part.train) == 30
        assert [self.text(part.train, row) for row in range(30)] == [self.text(whole.train, row) for row in range(30)]


class TestSpec:
    @staticmethod
    def check(**changed) -> None:
        prontoqa.check_spec(SPEC | changed, lambda *path: ".".join(map(str, path)))

    def test_longer_chains_than_the_names_allow_are_refused(self):
        self.check(hops=[8], sequences=4, test_sequences=2)
        with pytest.raises(ConfigError, match=r"hops: 9 hops need a longer chain"):
            self.check(hops=[9])

    def test_sizes_that_cannot_be_balanced_are_refused(self):
        with pytest.raises(ConfigError, match=r"test_sequences: 15 is not a multiple of 10"):
            self.check(test_sequences=15)
