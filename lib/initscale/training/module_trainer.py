"""Training of any PyTorch module on a task whose loss is on the last position; slower than the engines, and plain.

Data of the user's own (``initscale.sweep``) may ask at every position: labels (N, n), -100 where nothing is asked.

The module's parameters are those of the run; they live in the same flat buffers as a decoder's, so clipping, AdamW,
checkpoints and histories are the same. Random numbers inside the module (dropout) follow from seed and step, so a
resumed run needs no generator state.
"""

from __future__ import annotations

import hashlib

import torch
from torch import Tensor, nn
from torch.func import functional_call
from torch.nn import functional as F

from initscale.errors import InputError
from initscale.models.spec import Parameter
from initscale.tasks.interface import TaskData
from initscale.training.base_trainer import BaseTrainer
from initscale.training.choices import load_choice
from initscale.training.norms import StepResult

_PART = 512  # sequences that are worked on at once
_KIND = "module"
_IGNORED = -100


class Trainer(BaseTrainer):
    """R runs, one after another in every step.

    Parameters
    ----------
    facts : ``run_facts`` of each run.
    data : training data and scored groups.
    device : where the training runs.

    Raises
    ------
    InputError for data with a scored part in each sequence: those have a trainer of their own.
    """

    def __init__(self, facts: list[dict], data: TaskData, device: torch.device):
        if not isinstance(data, TaskData):
            raise InputError(
                "a model with `builder` or `dropout` is trained on tasks whose loss is on the last position",
                hint="leave `builder` and `dropout` out, or choose another data set",
            )
        build = load_choice("builder", facts[0])
        modules = [build(run["model"], run["seed"]) for run in facts]
        weights = [{name: value.detach() for name, value in module.named_parameters()} for module in modules]
        trained = [
            Parameter(name, tuple(value.shape), _KIND)
            for name, value in modules[0].named_parameters()
            if value.requires_grad
        ]
        super().__init__(facts, len(data.tokens_Nn), trained, weights, data.items, device, torch.device("cpu"))
        self.modules = [module.to(device=device, dtype=self.recipe.weights_dtype) for module in modules]
        self.seeds, self.data = [run["seed"] for run in facts], data

    def step(self, step: int) -> StepResult:
        """Make the update number ``step`` (from 0)."""
        self.set_rates(step)
        index_RB = self.batches.indices(step)
        return self.update(
            lambda: torch.stack([self._loss_and_gradients(run, index_B, step) for run, index_B in enumerate(index_RB)])
        )

    def _loss_and_gradients(self, run: int, index_B: Tensor, step: int) -> Tensor:
        """Mean loss; adds the gradients to the buffer."""
        self.modules[run].train()
        total = torch.zeros((), dtype=self.flat.values_RP.dtype, device=self.device)
        with torch.random.fork_rng(devices=[self.device] if self.device.type == "cuda" else []):
            torch.manual_seed(_step_seed(self.seeds[run], step))
            asked = int((self.data.labels_N[index_B] != _IGNORED).sum())
            for index_b in index_B.split(_PART):
                labels_b = self.data.labels_N[index_b].to(self.device)
                logits_bV = self._logits(run, self.data.tokens_Nn[index_b], labels_b.ndim, self.recipe.compute_dtype)
                summed = F.cross_entropy(logits_bV.to(total.dtype).flatten(0, -2), labels_b.flatten(), reduction="sum")
                loss = summed / asked
                loss.backward()
                total += loss.detach()
        return total

    def _logits(self, run: int, tokens_bN: Tensor, asked: int, compute_dtype: torch.dtype | None = None) -> Tensor:
        """Logits at the last position, (b, V), or at all, (b, N, V), where labels have two dimensions."""
        weights = {name: view[run] for name, view in self.flat.views.items()}
        with torch.autocast(self.device.type, compute_dtype, enabled=compute_dtype is not None):
            logits_bNV = functional_call(self.modules[run], weights, (tokens_bN.to(self.device),))
        return logits_bNV[:, -1] if asked == 1 else logits_bNV

    @torch.no_grad()
    def scores(self) -> list[dict[str, float]]:
        """Accuracy under every set of labels, for each run: ``acc_<name>``, in 0..1 (nan without sequences)."""
        return [self._scores(run, module.eval()) for run, module in enumerate(self.modules)]

    def _scores(self, run: int, module: nn.Module) -> dict[str, float]:
        scores = {}
        for group in self.data.groups:
            asked = max((labels.ndim for labels in group.labels.values()), default=1)
            parts = [
                self._logits(run, part, asked).argmax(-1).cpu() for part in group.tokens_Nn.split(_PART) if len(part)
            ]
            answers_N = torch.cat(parts) if parts else torch.empty(0, dtype=torch.long)
            for name, labels_N in group.labels.items():
                is_asked_N = labels_N != _IGNORED
                scores[f"acc_{name}"] = float((answers_N == labels_N)[is_asked_N].double().mean())
        return scores


def _step_seed(seed: int, step: int) -> int:
    digest = hashlib.sha256(f"module/{seed}/{step}".encode()).digest()
    return int.from_bytes(digest[:8], "little") >> 1
