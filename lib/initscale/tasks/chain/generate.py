"""Generate chains of shuffled edges, vectorised."""

from __future__ import annotations

import numpy as np
import pyarrow as pa

from initscale.files.tables import make_table
from initscale.tasks.chain.definition import columns
from initscale.tasks.random_integers import Stream

_STREAMS = {"train": 0, "test": 1, "ood": 2}
_MANY = 2**31


def generate(spec: dict) -> dict[str, pa.Table]:
    """Generate the three groups; see ``initscale.tasks.chain.definition``."""
    return {split: _as_table(spec, *_sequences(spec, split)) for split in _STREAMS}


def _sequences(spec: dict, split: str) -> tuple[np.ndarray, np.ndarray]:
    """Tokens (N, 2 E + 1) and labels (N,) of a group."""
    stream, edges = Stream(spec["seed"], _STREAMS[split]), spec["edges"]
    rows = spec["sequences"] if split == "train" else spec["test_sequences"]
    taught = spec["residues"]
    residues = [r for r in range(spec["modulus"]) if r not in taught] if split == "test" else taught
    query_N = stream.integers(edges - 1, rows)
    place = np.arange(edges + 1)
    is_new_NA = (split == "ood") & ((place == query_N[:, None]) | (place == query_N[:, None] + 1))
    chain_NA = draw_chains(spec, stream, is_new_NA, np.array(residues))
    order_NE = np.argsort(stream.integers(_MANY, (rows, edges)), axis=1, kind="stable")
    pairs_NE2 = np.stack([chain_NA[:, :-1], chain_NA[:, 1:]], axis=2)
    pairs_NE2 = np.take_along_axis(pairs_NE2, order_NE[:, :, None], axis=1)
    row = np.arange(rows)
    tokens_Nn = np.concatenate([pairs_NE2.reshape(rows, -1), chain_NA[row, query_N][:, None]], axis=1)
    return tokens_Nn, chain_NA[row, query_N + 2]


def draw_chains(spec: dict, stream: Stream, is_new_NA: np.ndarray, residues: np.ndarray) -> np.ndarray:
    """Chains of different tokens, int64 of the shape of ``is_new_NA``, every step with one of ``residues``.

    Parameters
    ----------
    is_new_NA : which tokens are of the new ones.
    """
    chain_NA = np.zeros(is_new_NA.shape, dtype=np.int64)
    left_n = np.arange(len(chain_NA))
    while len(left_n):  # a chain with a token twice is drawn again
        drawn_nA = _walks(spec, stream, is_new_NA[left_n], residues)
        chain_NA[left_n] = drawn_nA
        sorted_nA = np.sort(drawn_nA, axis=1)
        left_n = left_n[(sorted_nA[:, 1:] == sorted_nA[:, :-1]).any(axis=1)]
    return chain_NA


def _walks(spec: dict, stream: Stream, is_new_nA: np.ndarray, residues: np.ndarray) -> np.ndarray:
    """Walks that may come back to a token."""
    m, tokens = spec["modulus"], spec["tokens"]
    walk_nA = np.zeros(is_new_nA.shape, dtype=np.int64)
    class_n = stream.integers(m, len(walk_nA))
    for place in range(walk_nA.shape[1]):
        if place:
            class_n = (class_n + residues[stream.integers(len(residues), len(walk_nA))]) % m
        size_n = np.where(is_new_nA[:, place], spec["new"], tokens)
        index_n = class_n + m * stream.integers(size_n // m, len(walk_nA))
        walk_nA[:, place] = 1 + index_n + np.where(is_new_nA[:, place], tokens, 0)  # tokens is a multiple of m
    return walk_nA


def _as_table(spec: dict, tokens_Nn: np.ndarray, label_N: np.ndarray) -> pa.Table:
    values = {f"token_{i}": column.astype(np.int16) for i, column in enumerate(tokens_Nn.T)}
    return make_table(columns(spec), values | {"label": label_N.astype(np.int16)})
