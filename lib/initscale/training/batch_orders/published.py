"""Batch order of the authors' public runs: PyTorch's default generator, behind the draws of the model.

One generator runs through a whole published training. Every pass over a shuffling ``DataLoader`` takes two numbers from
it, a base seed that nothing uses and the seed of the order. The passes are, in every epoch: in each third epoch and in
the last one the 32 scored groups and then the unseen pairs with train keys once more; the training set; the groups that
are not trained on. (Facts of the authors' logs, xuzhiqin1990/understanding_dl.)
"""

from __future__ import annotations

from functools import lru_cache

import torch
from torch import Tensor

from initscale.experiment.durations import parse_time, steps_per_epoch
from initscale.models.initializations.published import advance
from initscale.models.spec import ModelSpec
from initscale.tasks.anchor.definition import all_pairs, unseen_pairs

SCORED_EVERY = 3
"""Epochs between two passes over the scored groups in the published code, whatever our own evaluation does."""


def epoch_order(facts: dict, epoch: int, rows: int) -> Tensor:
    """Order of the training rows in one epoch of a published run, int64 (rows,), on the CPU.

    It depends on the facts and the epoch only, so a resumed run needs no generator state. The seed of every epoch is
    kept once it is computed.

    Parameters
    ----------
    facts : ``run_facts`` of the run; the length of the schedule counts, for the last epoch has more passes.
    epoch : from 0; at most the last one of the schedule.
    rows : training sequences.
    """
    spec, training, seed = ModelSpec.from_config(facts["model"]), facts["training"], facts["seed"]
    per_epoch = steps_per_epoch(rows, training["batch"])
    epochs = -(-parse_time(training["duration"], per_epoch) // per_epoch)
    pairs, unseen = len(all_pairs(facts["dataset"])), len(unseen_pairs(facts["dataset"]))
    order_seed = _order_seeds(spec, seed, epochs, pairs, unseen)[epoch]
    return torch.randperm(rows, generator=torch.Generator().manual_seed(order_seed))


@lru_cache(maxsize=64)
def _order_seeds(spec: ModelSpec, seed: int, epochs: int, pairs: int, unseen: int) -> list[int]:
    """Seed of the training order of every epoch."""
    generator = torch.Generator().manual_seed(seed)
    advance(spec, generator)
    seeds = []
    for epoch in range(epochs):
        if epoch % SCORED_EVERY == 0 or epoch == epochs - 1:
            _skip_passes(2 * pairs + unseen, generator)
        seeds.append(_start_pass(generator))
        _skip_passes(pairs + unseen, generator)
    return seeds


def _skip_passes(passes: int, generator: torch.Generator) -> None:
    for _ in range(passes):
        _start_pass(generator)


def _start_pass(generator: torch.Generator) -> int:
    """What starting a ``DataLoader`` pass draws: its base seed, then the seed of the order, which is returned."""
    draws = [torch.empty((), dtype=torch.int64).random_(generator=generator).item() for _ in range(2)]
    return int(draws[1])
