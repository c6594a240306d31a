"""Read PrOntoQA items as word sequences: question, query, mark, chain of thought, answer, mark."""

from __future__ import annotations

import re
from pathlib import Path

import pyarrow as pa
import torch

from initscale.files.storage import content_hash, read_table
from initscale.tasks.interface import CHOICE, FINAL, LOSS, SequenceData, SequenceGroup, Sequences
from initscale.tasks.prontoqa.definition import LABELS, NAMES, SPLITS, columns, sequence_length, words
from initscale.tasks.word_sequences import EOS, Vocabulary, pack

_WORD = re.compile(r"\w+|[.:]")


def load(spec: dict, folder: str | Path, sequences: int, size: int | None = None) -> SequenceData:
    """Read a generated data set.

    Parameters
    ----------
    spec : the dataset section it was generated from.
    folder : folder with train.parquet and test.parquet.
    sequences : items in each scored group (fewer where a file has fewer).
    size : training items, the first ones; None for all.

    Returns
    -------
    Training is on every token (next-token prediction). Scored are the losses on chain of thought and answer
    (``<split>_thought``) and on the answer behind the true chain of thought (``<split>_answer``, its end included);
    of test items also whether the answer is right: ``gold`` behind the true chain of thought, ``generated`` behind the
    model's own, and the first by the number of hops (``gold_<hops>``).
    """
    names = [column.name for column in columns(spec)]
    tables = {split: read_table(Path(folder) / f"{split}.parquet", names) for split in SPLITS}
    vocabulary = Vocabulary(words())
    train = packed(vocabulary, tables["train"].slice(0, size))
    test_rows = tables["test"].slice(0, sequences)
    groups = [
        *_losses("train", train.rows(slice(0, sequences))),
        *_losses("test", packed(vocabulary, test_rows)),
        *_answers(spec, vocabulary, test_rows),
    ]
    every_token = Sequences(train.tokens_Nn, torch.ones(len(train), dtype=torch.long), train.lengths_N)
    items = torch.tensor([vocabulary.number[name] for name in NAMES])
    return SequenceData(every_token, EOS, items, tuple(groups), content_hash(tables))


def _losses(split: str, items: Sequences) -> list[SequenceGroup]:
    """Losses on chain of thought and answer, and on the answer alone."""
    return [
        SequenceGroup(f"{split}_thought", LOSS, items),
        SequenceGroup(f"{split}_answer", LOSS, answers(items)),
    ]


def _answers(spec: dict, vocabulary: Vocabulary, rows: pa.Table) -> list[SequenceGroup]:
    """Whether answers are right: behind the true chain of thought, behind the model's own, and the first by hops."""
    items = packed(vocabulary, rows)
    labels = torch.tensor([vocabulary.number[label.lower()] for label in LABELS])
    hops_N = torch.from_numpy(rows["hops"].to_numpy().copy())
    return [
        SequenceGroup("gold", CHOICE, answers(items), labels),
        SequenceGroup("generated", FINAL, items, max_new_tokens=sequence_length(spec)),
        *(SequenceGroup(f"gold_{hops}", CHOICE, answers(items).rows(hops_N == hops), labels) for hops in spec["hops"]),
    ]


def packed(vocabulary: Vocabulary, table: pa.Table) -> Sequences:
    """Items with question and query as the prompt, chain of thought and answer as the target."""
    text = {name: table[name].to_pylist() for name in ("question", "query", "chain_of_thought", "answer")}
    prompts = [encode(vocabulary, f"{a} {b}") for a, b in zip(text["question"], text["query"], strict=True)]
    targets = [encode(vocabulary, f"{a} {b}") for a, b in zip(text["chain_of_thought"], text["answer"], strict=True)]
    return pack(prompts, targets)


def answers(items: Sequences) -> Sequences:
    """The same with the true chain of thought in the prompt, so that only the answer and its end are left."""
    return Sequences(items.tokens_Nn, items.lengths_N - 2, items.lengths_N)


def encode(vocabulary: Vocabulary, text: str) -> list[int]:
    """Numbers of the words and punctuation marks of a text, in lower case."""
    return vocabulary.encode(" ".join(_WORD.findall(text.lower())))
