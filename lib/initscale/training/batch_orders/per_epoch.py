"""A new random order in every epoch, from seed and epoch alone."""

from __future__ import annotations

import hashlib

import torch
from torch import Tensor


def epoch_order(facts: dict, epoch: int, rows: int) -> Tensor:
    """Random order of the training sequences in one epoch of one run, int64 (rows,), on the CPU.

    Runs with one seed see the same batches whatever their gamma, depth or learning rate.
    """
    digest = hashlib.sha256(f"order/{facts['seed']}/{epoch}".encode()).digest()
    generator = torch.Generator().manual_seed(int.from_bytes(digest[:8], "little") >> 1)
    return torch.randperm(rows, generator=generator)
