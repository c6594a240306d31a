"""Read a text data set as windows of bytes."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import torch
from torch import Tensor

from initscale.files.storage import content_hash, read_table
from initscale.tasks.interface import LOSS, SequenceData, SequenceGroup, Sequences
from initscale.tasks.text.definition import SEPARATOR, SPLITS, columns, sequence_length, split_bytes, windows


def load(spec: dict, folder: str | Path, sequences: int, size: int | None = None) -> SequenceData:
    """Read a data set.

    Parameters
    ----------
    spec : the dataset section it was made from.
    folder : folder with train.parquet and test.parquet.
    sequences : windows in the scored group of each domain (fewer where a file has fewer).
    size : training windows, the first ones; None for all.

    Returns
    -------
    The history scores the held-out loss of each domain, ``test_<domain>``, in nats per byte. Neighbouring windows
    share one byte: the first of a window is given, every other byte is predicted once.
    """
    names = [column.name for column in columns(spec)]
    tables = {split: read_table(Path(folder) / f"{split}.parquet", names) for split in SPLITS}
    train_P = torch.cat([stream(spec, tables["train"], domain, "train") for domain in spec["domains"]])
    groups = [
        SequenceGroup(f"test_{domain}", LOSS, cut(spec, stream(spec, tables["test"], domain, "test"), sequences))
        for domain in spec["domains"]
    ]
    used_bytes = torch.unique(train_P).long()
    return SequenceData(cut(spec, train_P, size), SEPARATOR[0], used_bytes, tuple(groups), content_hash(tables))


def stream(spec: dict, table: pa.Table, domain: str, split: str) -> Tensor:
    """All bytes of a domain, a separator behind each document, uint8."""
    texts = table.filter(pc.equal(table["domain"], domain))["text"].to_pylist()
    joined = b"".join(text.encode() + SEPARATOR for text in texts)[: split_bytes(spec, split)]
    return torch.from_numpy(np.frombuffer(joined, dtype=np.uint8).copy())


def cut(spec: dict, stream_P: Tensor, limit: int | None) -> Sequences:
    """Windows of a stream, or its first ``limit``; a view, since only the rows of a batch are ever copied."""
    rows = windows(spec, len(stream_P))
    rows = rows if limit is None else min(rows, limit)
    tokens_Nn = stream_P.as_strided((rows, sequence_length(spec)), (spec["context"], 1))
    lengths_N = torch.full((rows,), sequence_length(spec))
    return Sequences(tokens_Nn, torch.ones_like(lengths_N), lengths_N)
