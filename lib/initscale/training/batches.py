"""Which sequences a step sees: a new random order in every epoch, without any state to be saved."""

from __future__ import annotations

import hashlib

import torch
from torch import Tensor


def epoch_order(seed: int, epoch: int, rows: int) -> Tensor:
    """Random order of the training sequences in one epoch of one run, int64 (rows,), on the CPU.

    It depends on seed and epoch only, so a resumed run needs no generator state, and runs with one seed see the
    same batches whatever their gamma, depth or learning rate.
    """
    digest = hashlib.sha256(f"order/{seed}/{epoch}".encode()).digest()
    generator = torch.Generator().manual_seed(int.from_bytes(digest[:8], "little") >> 1)
    return torch.randperm(rows, generator=generator)


class Batches:
    """Batches of R runs, each in its own order.

    Parameters
    ----------
    seeds : one per run.
    rows : training sequences.
    batch : sequences per step; the incomplete last batch of an epoch is dropped.
    device : where the indices are wanted.
    """

    def __init__(self, seeds: list[int], rows: int, batch: int, device: torch.device):
        self.seeds, self.rows, self.batch, self.device = seeds, rows, batch, device
        self.per_epoch = rows // batch
        self._epoch, self._order_RE = -1, torch.empty(0)

    def indices(self, step: int) -> Tensor:
        """Rows of the batch of ``step`` (from 0), int64 (R, B)."""
        epoch, position = divmod(step, self.per_epoch)
        if epoch != self._epoch:
            orders = {seed: epoch_order(seed, epoch, self.rows) for seed in set(self.seeds)}
            self._order_RE = torch.stack([orders[seed] for seed in self.seeds]).to(self.device)
            self._epoch = epoch
        return self._order_RE[:, position * self.batch : (position + 1) * self.batch]
