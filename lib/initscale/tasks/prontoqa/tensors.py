"""Read PrOntoQA items as word sequences: question, query, mark, chain of thought, answer, mark."""

from __future__ import annotations

import re
from pathlib import Path

import pyarrow as pa
import torch

from initscale.storage import content_hash, read_table
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
    train, test = tables["train"].slice(0, size), tables["test"].slice(0, sequences)
    known, unseen = (packed(vocabulary, table) for table in (train, test))
    candidates = torch.tensor([vocabulary.number[label.lower()] for label in LABELS])
    seen = known.rows(slice(0, sequences))
    judged = answers(unseen)
    groups = [
        SequenceGroup("train_thought", LOSS, seen),
        SequenceGroup("test_thought", LOSS, unseen),
        SequenceGroup("train_answer", LOSS, answers(seen)),
        SequenceGroup("test_answer", LOSS, judged),
        SequenceGroup("gold", CHOICE, judged, candidates),
        SequenceGroup("generated", FINAL, unseen, max_new_tokens=sequence_length(spec)),
    ]
    hops = torch.from_numpy(test["hops"].to_numpy().copy())
    for number in spec["hops"]:
        groups.append(SequenceGroup(f"gold_{number}", CHOICE, judged.rows(hops == number), candidates))
    first = torch.ones(len(known), dtype=torch.long)
    items = torch.tensor([vocabulary.number[name] for name in NAMES])
    everything = Sequences(known.tokens_Nn, first, known.lengths_N)
    return SequenceData(everything, EOS, items, tuple(groups), content_hash(tables))


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
