"""Sequences that probes of the anchor task look at: rows of the run's own data, or made up for a comparison."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd
import torch
from torch import Tensor

from initscale.errors import InputError
from initscale.files.storage import read_table
from initscale.probes.run import FinishedRun
from initscale.tasks.anchor.definition import Pair, columns, modulus
from initscale.tasks.random_integers import Stream

_CONTEXTS = 11  # key of the stream that draws noise; the data's own streams have the keys 0, 1, 2


@dataclass(frozen=True)
class Sequences:
    """Tokens (B, N) with the position p of the key (the anchors are at p + 1 and p + 2), the key and the pair."""

    tokens_BN: Tensor
    position_B: Tensor
    key_B: Tensor
    anchors_B2: Tensor

    def __len__(self) -> int:
        return len(self.tokens_BN)

    def places(self) -> dict[str, Tensor]:
        """Position of every role, each of shape (B,): key, anchor_1, anchor_2, last."""
        last = torch.full_like(self.position_B, self.tokens_BN.shape[1] - 1)
        return {"key": self.position_B, "anchor_1": self.position_B + 1, "anchor_2": self.position_B + 2, "last": last}


def read_sequences(
    run: FinishedRun, split: str, count: int, pairs: list[Pair] | None = None, keys: str = "all"
) -> Sequences:
    """The first rows of a split in which the last token is noise.

    Where the second anchor is the last token, "to the anchor" and "to the last token" are one path and cannot be
    told apart, so such rows (1 in n - 2) are left out.

    Parameters
    ----------
    run : gives the data folder and its specification.
    split : train, test or unseen (each sequence of ``unseen`` once).
    count : how many rows (all, where there are fewer).
    pairs : ordered anchor pairs; None takes all.
    keys : ``train`` or ``test`` keeps the keys of that split only (the split rule), ``all`` keeps both.
    """
    spec = run.facts["dataset"]
    path = run.data_folder / f"{split}.parquet"
    rows = read_table(path, [column.name for column in columns(spec)]).to_pandas()
    chosen = rows["position"] < spec["length"] - 3
    if split == "unseen":
        chosen &= rows["mapping"] == "inferential"
    if pairs is not None:
        wanted = pd.MultiIndex.from_tuples([tuple(pair) for pair in pairs])
        chosen &= pd.MultiIndex.from_frame(rows[["anchor_1", "anchor_2"]]).isin(wanted)
    if keys != "all":
        chosen &= (rows["key"] % modulus(spec) == rows["position"]) == (keys == "test")
    rows = rows[chosen].head(count)
    if rows.empty:
        raise InputError(f"has no sequence of the pairs {pairs} with a noise token at the end", where=str(path))
    return from_rows(rows)


def from_rows(rows: pd.DataFrame) -> Sequences:
    """Sequences from rows of the data."""
    names = [name for name in rows.columns if name.startswith("token_")]
    tensor = lambda names: torch.from_numpy(rows[names].to_numpy().astype(np.int64))  # noqa: E731
    return Sequences(tensor(names), tensor("position"), tensor("key"), tensor(["anchor_1", "anchor_2"]))


def displayed(run: FinishedRun, pair: Pair, key: int | str, position: int) -> Sequences:
    """One sequence of ``pair`` with ``key`` at ``position``: the first such row of the unseen split.

    Where no row has this key at this position, the first one at the position with its key replaced. ``key`` is a
    value or ``last``, the largest value of the data (99 in the paper).
    """
    spec = run.facts["dataset"]
    wanted = spec["values"][1] if key == "last" else key
    rows = read_sequences(run, "unseen", 10**9, [pair])
    there = torch.nonzero(rows.position_B == position).flatten()
    if not len(there):
        raise InputError(
            f"has no row of the pair {tuple(pair)} with its key at position {position}",
            where=str(run.data_folder / "unseen.parquet"),
        )
    exact = there[rows.key_B[there] == wanted]
    row = int(exact[0] if len(exact) else there[0])
    tokens_1N = rows.tokens_BN[row : row + 1].clone()
    tokens_1N[0, position] = wanted
    return Sequences(
        tokens_1N, torch.tensor([position]), torch.tensor([wanted]), torch.tensor([list(pair)], dtype=torch.int64)
    )


def made_up(spec: dict, pairs: list[Pair], keys: list[int], position: int, contexts: int) -> Tensor:
    """Tokens (P, X, C, N): every pair with every key in the same C contexts of noise.

    So two sequences of one context differ in key and anchors only.
    """
    (low, high), n = spec["values"], spec["length"]
    noise_CN = low + Stream(spec["seed"], _CONTEXTS).integers(high - low + 1, (contexts, n))
    tokens_PXCN = torch.from_numpy(noise_CN).expand(len(pairs), len(keys), contexts, n).clone()
    tokens_PXCN[..., position] = torch.tensor(keys)[None, :, None]
    tokens_PXCN[..., position + 1 : position + 3] = torch.tensor(pairs)[:, None, None, :]
    return tokens_PXCN
