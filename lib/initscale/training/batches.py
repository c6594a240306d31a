"""Which sequences a step sees."""

from __future__ import annotations

import torch
from torch import Tensor

from initscale.training.choices import load_choice


class Batches:
    """Batches of R runs, each in its own order.

    Parameters
    ----------
    facts : ``run_facts`` of each run.
    rows : training sequences.
    batch : sequences per step; the incomplete last batch of an epoch is dropped.
    device : where the indices are wanted.
    """

    def __init__(self, facts: list[dict], rows: int, batch: int, device: torch.device):
        self.facts, self.rows, self.batch, self.device = facts, rows, batch, device
        self.epoch_order = load_choice("batch_order", facts[0])
        self.per_epoch = rows // batch
        self._epoch, self._order_RE = -1, torch.empty(0)

    def indices(self, step: int) -> Tensor:
        """Rows of the batch of ``step`` (from 0), int64 (R, B)."""
        epoch, position = divmod(step, self.per_epoch)
        if epoch != self._epoch:
            of_seed = {run["seed"]: run for run in self.facts}
            orders = {seed: self.epoch_order(run, epoch, self.rows) for seed, run in of_seed.items()}
            self._order_RE = torch.stack([orders[run["seed"]] for run in self.facts]).to(self.device)
            self._epoch = epoch
        return self._order_RE[:, position * self.batch : (position + 1) * self.batch]
