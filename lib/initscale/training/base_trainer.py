"""What all trainers share: weights, optimiser, learning rates and batches of R runs of equal shape.

A trainer is a class ``Trainer(facts, data, device)`` with the attributes of :class:`BaseTrainer` and the methods
``step``, ``scores`` and ``norms``.
"""

from __future__ import annotations

import contextlib
import warnings
from collections.abc import Callable, Iterator

import torch
from torch import Tensor

from initscale.models.initializations import initial_weights_of
from initscale.models.spec import Parameter
from initscale.training.batches import Batches
from initscale.training.flat_parameters import FlatParameters, StackedAdamW
from initscale.training.norms import StepResult, weight_norms
from initscale.training.recipe import Recipe


def decoder_weights(facts: list[dict]) -> list[dict[str, Tensor]]:
    """Initial weights of each run, by the order of draws that the runs chose."""
    return [initial_weights_of(run["model"], run["seed"]) for run in facts]


class BaseTrainer:
    """R runs of equal shape and recipe.

    Parameters
    ----------
    facts : ``run_facts`` of each run; they may differ in gamma, seed, learning rate and weight decay.
    rows : number of training sequences.
    trained : parameters that the training changes.
    weights : initial weights of each run by name.
    items : int64 token ids whose embeddings the history follows.
    device, batch_device : where the training runs, and where the indices of its batches are wanted.
    """

    def __init__(
        self,
        facts: list[dict],
        rows: int,
        trained: list[Parameter],
        weights: list[dict[str, Tensor]],
        items: Tensor,
        device: torch.device,
        batch_device: torch.device | None = None,
    ):
        self.device, self.items = device, items.to(device)
        self.recipe = Recipe.from_facts(facts[0], rows)
        self.flat = FlatParameters(trained, weights, device, self.recipe.weights_dtype)
        decays = [run["training"]["weight_decay"] for run in facts]
        self.optimizer = StackedAdamW(self.flat, self.recipe.betas, self.recipe.eps, decays)
        self.rates = [self.recipe.learning_rates(run["training"]["lr"]) for run in facts]
        self.batches = Batches(facts, rows, self.recipe.batch, batch_device or device)

    @property
    def runs(self) -> int:
        """Number of runs, R."""
        return len(self.rates)

    def set_rates(self, step: int) -> None:
        """Set the learning rates of the update number ``step`` (from 0)."""
        self.optimizer.set_rates([float(rates[step]) for rates in self.rates])

    def update(self, gradients: Callable[[], Tensor]) -> StepResult:
        """Collect gradients, clip them and apply them; never waits for the device.

        Parameters
        ----------
        gradients : adds the gradients of every run to the buffer and returns the losses, (R,).
        """
        self.flat.grads_RP.zero_()
        with _stacked_gradients():
            loss_R = gradients()
        grad_norm_R = self.flat.clip(self.recipe.clip)
        self.optimizer.step()
        return StepResult(loss_R, grad_norm_R)

    def norms(self) -> list[dict]:
        """Weight norms and the spectrum of the embedding, for each run; see ``initscale.training.history``."""
        tokens = self.flat.views.get("tokens.weight")
        return weight_norms(self.flat.values_RP, None if tokens is None else tokens.detach()[:, self.items])


@contextlib.contextmanager
def _stacked_gradients() -> Iterator[None]:
    """Runs share a buffer, so a stacked tensor is not one dense block; PyTorch warns of that in vain."""
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", message="grad and param do not obey the gradient layout contract")
        yield
