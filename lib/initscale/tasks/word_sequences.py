"""What tasks with sequences of words share: a vocabulary, packing of prompts and targets, nested subsets."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import numpy as np
import torch

from initscale.tasks.interface import Sequences
from initscale.tasks.random_integers import Stream

SPECIALS = ("<pad>", "<eos>", "<sep>", "<unknown>")
PAD, EOS, SEP, UNKNOWN = range(len(SPECIALS))


class Vocabulary:
    """Numbers of words; the first four are the padding, the end of a target, the end of a prompt, unknown words.

    Parameters
    ----------
    words : known words, in the order of their numbers.
    """

    def __init__(self, words: Sequence[str]):
        self.words = (*SPECIALS, *words)
        self.number = {word: number for number, word in enumerate(self.words)}

    def __len__(self) -> int:
        return len(self.words)

    def encode(self, text: str) -> list[int]:
        """Numbers of the words of a text, which are separated by blanks."""
        return [self.number.get(word, UNKNOWN) for word in text.split()]


def pack(prompts: Sequence[Sequence[int]], targets: Sequence[Sequence[int]], width: int | None = None) -> Sequences:
    """Sequences ``prompt <sep> target <eos>``, padded with ``<pad>`` to the longest (or to ``width``)."""
    rows = [[*prompt, SEP, *target, EOS] for prompt, target in zip(prompts, targets, strict=True)]
    width = width or max(map(len, rows), default=1)
    tokens = np.full((len(rows), width), PAD, dtype=np.int32)
    for number, row in enumerate(rows):
        tokens[number, : len(row)] = row
    starts = torch.tensor([len(prompt) + 1 for prompt in prompts], dtype=torch.long)
    lengths = torch.tensor([len(row) for row in rows], dtype=torch.long)
    return Sequences(torch.from_numpy(tokens), starts, lengths)


def pack_texts(vocabulary: Vocabulary, prompts: Iterable[str], targets: Iterable[str]) -> Sequences:
    """The same of texts."""
    return pack([vocabulary.encode(text) for text in prompts], [vocabulary.encode(text) for text in targets])


def padding_scored(sequences: Sequences) -> Sequences:
    """The same with every place behind a target an end token that is scored, as the authors' later code does."""
    tokens_Nn, width = sequences.tokens_Nn.clone(), sequences.tokens_Nn.shape[1]
    tokens_Nn[torch.arange(width) >= sequences.lengths_N[:, None]] = EOS
    return Sequences(tokens_Nn, sequences.starts_N, torch.full_like(sequences.lengths_N, width))


def nested_order(rows: int, *seed: int) -> np.ndarray:
    """A random order of the rows, whose first n are the subset of size n."""
    return Stream(*seed).permutation(rows)
