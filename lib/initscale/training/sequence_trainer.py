"""Training on sequences with a scored part, of any decoder: the interface of ``initscale.training.trainer``."""

from __future__ import annotations

import warnings

import torch
from torch import Tensor

from initscale.models.init import InitSpec, initial_weights
from initscale.models.sequences import SequenceDecoder
from initscale.models.spec import ModelSpec
from initscale.tasks.interface import SequenceData
from initscale.training.batches import Batches
from initscale.training.flat import FlatParameters, StackedAdamW
from initscale.training.measures import StepResult, weight_norms
from initscale.training.recipe import Recipe
from initscale.training.sequence_scores import by_length, score, summed_loss

_TOKENS = {"cpu": 2048, "cuda": 2**17}  # positions that are worked on at once


class Trainer:
    """R runs of equal shape and recipe, one after another in every step.

    The loss is the mean over all scored tokens of a batch; the filling behind a sequence is not scored. A batch is
    worked off in parts of sequences of similar length, each as wide as its longest.

    Parameters
    ----------
    facts : ``run_facts`` of each run; they may differ in gamma, seed, learning rate and weight decay.
    data : training sequences and scored groups.
    device : where the training runs.
    """

    def __init__(self, facts: list[dict], data: SequenceData, device: torch.device):
        self.recipe = Recipe.from_facts(facts[0], len(data.train))
        self.spec = ModelSpec.from_config(facts[0]["model"])
        weights = [initial_weights(self.spec, InitSpec(**run["model"]["init"]), run["seed"]) for run in facts]
        self.flat = FlatParameters(self.spec, weights, device, self.recipe.weights_dtype)
        decays = [run["training"]["weight_decay"] for run in facts]
        self.optimizer = StackedAdamW(self.flat, self.recipe.betas, self.recipe.eps, decays)
        self.rates = [self.recipe.learning_rates(run["training"]["lr"]) for run in facts]
        self.data, self.device, self.items = data, device, data.items.to(device)
        self.batches = Batches([run["seed"] for run in facts], len(data.train), self.recipe.batch, torch.device("cpu"))

    @property
    def runs(self) -> int:
        """Number of runs, R."""
        return len(self.rates)

    def step(self, step: int) -> StepResult:
        """Make the update number ``step`` (from 0)."""
        self.optimizer.set_rates([float(rates[step]) for rates in self.rates])
        self.flat.grads_RP.zero_()
        index_RB = self.batches.indices(step)
        with warnings.catch_warnings():  # runs share a buffer, so a stacked tensor is not one dense block
            warnings.filterwarnings("ignore", message="grad and param do not obey the gradient layout contract")
            loss_R = torch.stack([self._loss_and_gradients(run, index_B) for run, index_B in enumerate(index_RB)])
        grad_norm_R = self.flat.clip(self.recipe.clip)
        self.optimizer.step()
        return StepResult(loss_R, grad_norm_R)

    def _loss_and_gradients(self, run: int, index_B: Tensor) -> Tensor:
        """Mean loss of a scored token; adds the gradients to the buffer."""
        batch = self.data.train.rows(index_B)
        scored_tokens = (batch.lengths_N - batch.starts_N).sum()
        loss = torch.zeros((), dtype=self.flat.values_RP.dtype, device=self.device)
        for part in by_length(batch, _TOKENS[self.device.type]):
            # the weights are cut out anew, since every backward pass frees what leads to them
            part_loss = summed_loss(self._decoder(run, self.recipe.product_dtype), part, self.device)
            part_loss = part_loss / scored_tokens
            part_loss.backward()
            loss += part_loss.detach()
        return loss

    def _decoder(self, run: int, low: torch.dtype | None = None) -> SequenceDecoder:
        # squeeze is a view; indexing would give each gradient a buffer of all runs
        views = self.flat.views.items()
        weights = {name: view.squeeze(0) if len(view) == 1 else view[run] for name, view in views}
        return SequenceDecoder(self.spec, weights, low)

    @torch.no_grad()
    def scores(self) -> list[dict[str, float]]:
        """Score of every group, for each run: ``acc_<name>`` in 0..1 or ``loss_<name>`` in nats (nan if empty)."""
        most = _TOKENS[self.device.type]
        return [
            {g.column: score(self._decoder(run), g, self.data.end, self.device, most) for g in self.data.groups}
            for run in range(self.runs)
        ]

    def norms(self) -> list[dict]:
        """Weight norms and the spectrum of the embedding, for each run; see ``history_columns``."""
        return weight_norms(self.flat, self.items)
