"""Training on sequences with a scored part, of any decoder: the interface of ``initscale.training.base_trainer``."""

from __future__ import annotations

import torch
from torch import Tensor

from initscale.models.engines.sequences import SequenceDecoder
from initscale.models.spec import ModelSpec, trained_parameters
from initscale.tasks.interface import SequenceData
from initscale.training.base_trainer import BaseTrainer, decoder_weights
from initscale.training.norms import StepResult
from initscale.training.sequence_scores import by_length, score, summed_loss

_TOKENS = {"cpu": 2048, "cuda": 2**17}  # positions that are worked on at once


class Trainer(BaseTrainer):
    """R runs of equal shape and recipe, one after another in every step.

    The loss is the mean over all scored tokens of a batch; the padding behind a sequence is not scored. A batch is
    worked off in parts of sequences of similar length, each as wide as its longest.

    Parameters
    ----------
    facts : ``run_facts`` of each run; they may differ in gamma, seed, learning rate and weight decay.
    data : training sequences and scored groups.
    device : where the training runs.
    """

    def __init__(self, facts: list[dict], data: SequenceData, device: torch.device):
        self.spec, self.data = ModelSpec.from_config(facts[0]["model"]), data
        trained, weights = trained_parameters(self.spec), decoder_weights(facts)
        super().__init__(facts, len(data.train), trained, weights, data.items, device, torch.device("cpu"))

    def step(self, step: int) -> StepResult:
        """Make the update number ``step`` (from 0)."""
        self.set_rates(step)
        index_RB = self.batches.indices(step)
        return self.update(
            lambda: torch.stack([self._loss_and_gradients(run, index_B) for run, index_B in enumerate(index_RB)])
        )

    def _loss_and_gradients(self, run: int, index_B: Tensor) -> Tensor:
        """Mean loss of a scored token; adds the gradients to the buffer."""
        batch = self.data.train.rows(index_B)
        scored_tokens = (batch.lengths_N - batch.starts_N).sum()
        loss = torch.zeros((), dtype=self.flat.values_RP.dtype, device=self.device)
        for part in by_length(batch, _TOKENS[self.device.type]):
            # the weights are cut out anew, since every backward pass frees what leads to them
            part_loss = summed_loss(self._decoder(run, self.recipe.compute_dtype), part, self.device)
            part_loss = part_loss / scored_tokens
            part_loss.backward()
            loss += part_loss.detach()
        return loss

    def _decoder(self, run: int, compute_dtype: torch.dtype | None = None) -> SequenceDecoder:
        # squeeze is a view; indexing would give each gradient a buffer of all runs
        views = self.flat.views.items()
        weights = {name: view.squeeze(0) if len(view) == 1 else view[run] for name, view in views}
        return SequenceDecoder(self.spec, weights, compute_dtype)

    @torch.no_grad()
    def scores(self) -> list[dict[str, float]]:
        """Score of every group, for each run: ``acc_<name>`` in 0..1 or ``loss_<name>`` in nats (nan if empty)."""
        positions = _TOKENS[self.device.type]
        return [
            {g.column: score(self._decoder(run), g, self.data.eos, self.device, positions) for g in self.data.groups}
            for run in range(self.runs)
        ]
