"""Text data: what is taken from the Python installation, how it is split and cut into windows."""

from __future__ import annotations

import ast
import hashlib
import platform

import pytest
import torch

from initscale.errors import ConfigError, InputError
from initscale.files.storage import content_hash, read_json
from initscale.stages.generate_data import generate_data
from initscale.tasks.text import definition as text
from initscale.tasks.text.budget import ByteBudget
from initscale.tasks.text.generate import generate
from initscale.tasks.text.python_corpus import PythonText, bare_code, docstrings, prose_paragraphs
from initscale.tasks.text.tensors import cut, load

SPEC = {
    "task": "text",
    "seed": 0,
    "source": "python",
    "domains": ["code", "prose"],
    "train_bytes": 20_000,
    "test_bytes": 5_000,
    "document_bytes": 4_000,
    "context": 32,
}
MODULE = '''"""A module. It has a docstring."""
x = 1  # a comment
"""A note."""
class Empty:
    """Nothing but words."""
def f():
    """What f does."""
    return "a string # no comment"
'''


@pytest.fixture(scope="module")
def tables():
    return generate(SPEC)


class TestPythonText:
    def test_code_is_free_of_comments_and_docstrings_but_the_same_program(self):
        code = bare_code(ast.parse(MODULE))
        for gone in ("docstring", "a comment", "A note", "Nothing but words", "What f does"):
            assert gone not in code
        space: dict = {}
        exec(code, space)
        assert space["f"]() == "a string # no comment"
        assert "Empty" in space

    def test_docstrings_are_those_of_modules_classes_and_functions(self):
        found = docstrings(ast.parse(MODULE))
        assert found.split("\n\n") == ["A module. It has a docstring.", "Nothing but words.", "What f does."]

    def test_prose_has_sentences_and_no_examples(self):
        given = (
            "This paragraph is long enough to be taken for prose.\n>>> f(1)\n...\n\n"
            "Too short.\n\n"
            "a table 1 | 2 | 3 | 4 | 5 | 6 | 7 | 8 | 9 | 10 | 11. | 12 | 13 | 14"
        )
        assert prose_paragraphs(given) == ["This paragraph is long enough to be taken for prose."]

    def test_the_order_is_that_of_the_seed(self):
        first = [next(PythonText(seed).documents("code"))[0] for seed in (0, 0, 1)]
        assert first[0] == first[1] != first[2]


class TestGenerate:
    def test_held_out_files_are_not_trained_on(self, tables):
        for domain in SPEC["domains"]:
            train, test = (self.part(tables, split, domain) for split in ("train", "test"))
            assert not set(train["document"]) & set(test["document"])

    def test_held_out_paragraphs_are_not_trained_on(self, tables):
        train, test = (self.part(tables, split, "prose") for split in ("train", "test"))
        paragraphs = [{part for text in frame["text"] for part in text.split("\n\n")} for frame in (train, test)]
        assert not paragraphs[0] & paragraphs[1]

    @staticmethod
    def part(tables, split: str, domain: str):
        frame = tables[split].to_pandas()
        return frame[frame["domain"] == domain]

    def test_every_domain_is_just_full_and_no_document_is_long(self, tables):
        for split, wanted in (("train", 20_000), ("test", 5_000)):
            for domain in SPEC["domains"]:
                sizes = [len(t.encode()) + 1 for t in self.part(tables, split, domain)["text"]]
                assert sum(sizes[:-1]) < wanted <= sum(sizes) <= wanted + 8
                assert max(sizes) <= SPEC["document_bytes"] + 1

    def test_python_version_and_hashes_are_recorded(self, tables, tmp_path):
        sources = generate_data(SPEC, tmp_path)["sources"]["test"]
        assert read_json(tmp_path / "dataset.json")["sources"]["test"] == sources
        assert sources["python"] == platform.python_version()
        joined = "".join(text + "\0" for text in self.part(tables, "test", "prose")["text"])
        assert sources["sha256_prose"] == hashlib.sha256(joined.encode()).hexdigest()

    def test_same_spec_same_content(self, tables):
        assert content_hash(generate(SPEC)) == content_hash(tables)
        assert content_hash(generate(SPEC | {"seed": 1})) != content_hash(tables)

    def test_a_corpus_larger_than_the_library_is_refused(self, monkeypatch):
        monkeypatch.setattr(PythonText, "documents", lambda *_: iter([("a", "x" * 5000), ("b", "x" * 998)]))
        with pytest.raises(InputError, match=r"holds too little code: 999 of 1,000 bytes of the train split"):
            generate(SPEC | {"domains": ["code"], "test_bytes": 4001, "train_bytes": 1000})

    def test_a_document_is_cut_at_a_whole_character(self):
        filling = ByteBudget(SPEC | {"document_bytes": 4}, "test")
        assert filling.take("code", "aäöü") == "aä"  # five bytes
        assert filling.filled == {"code": 4, "prose": 0}
        assert ByteBudget(SPEC, "test").take("code", "a\0b") == "ab"


@pytest.fixture(scope="module")
def data(tmp_path_factory):
    """The data set as a training sees it."""
    folder = tmp_path_factory.mktemp("data")
    generate_data(SPEC, folder)
    return load(SPEC, folder, sequences=10)


class TestWindows:
    def test_every_byte_but_the_first_is_predicted_once(self, data, tables):
        by_domain = [TestGenerate.part(tables, "train", domain)["text"] for domain in SPEC["domains"]]
        whole = b"".join(b"".join(t.encode() + b"\0" for t in texts)[:20_000] for texts in by_domain)
        predicted = bytes(data.train.tokens_Nn[:, 1:].flatten().tolist())
        assert predicted == whole[1 : 1 + len(predicted)]
        assert len(whole) - len(predicted) <= SPEC["context"]
        assert len(data.train) == text.training_rows(SPEC)
        assert set(data.train.starts_N.tolist()) == {1}
        assert set(data.train.lengths_N.tolist()) == {SPEC["context"] + 1}

    def test_each_domain_is_scored_on_its_held_out_text(self, data, tables):
        groups = {group.name: group for group in data.groups}
        assert set(groups) == {"test_code", "test_prose"}
        first = TestGenerate.part(tables, "test", "prose")["text"].iloc[0].encode()
        assert bytes(groups["test_prose"].sequences.tokens_Nn[0].tolist()) == first[: SPEC["context"] + 1]
        assert len(groups["test_prose"].sequences) == 10

    def test_windows_take_no_memory_of_their_own(self, data):
        assert data.train.tokens_Nn.untyped_storage().nbytes() == 2 * 20_000
        assert cut(SPEC, torch.arange(100, dtype=torch.uint8), None).tokens_Nn[2].tolist() == list(range(64, 97))


class TestSpec:
    @staticmethod
    def check(**changed) -> None:
        text.check_spec(SPEC | changed, lambda *path: ".".join(map(str, path)))

    def test_a_split_without_a_window_is_refused(self):
        self.check()
        with pytest.raises(ConfigError, match="test_bytes: 32 bytes hold no window of 33"):
            self.check(test_bytes=32)

    def test_stream_goes_with_its_source(self):
        with pytest.raises(ConfigError, match="goes with it only"):
            self.check(source="stream")
        with pytest.raises(ConfigError, match="goes with it only"):
            self.check(stream={"sets": {}})
        with pytest.raises(ConfigError, match="no set for the domain `prose`"):
            self.check(source="stream", stream={"sets": {"code": "RedPajamaGithub"}})
