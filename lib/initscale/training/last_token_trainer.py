"""One training step of R runs at once, and their scores, for tasks whose loss is on the last position."""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn import functional as F

from initscale.models.engines.paper_cpu import PaperDecoder, is_covered
from initscale.models.engines.stacked import SlotTables, StackedDecoder
from initscale.models.spec import ModelSpec, trained_parameters
from initscale.tasks.interface import TaskData
from initscale.training.base_trainer import BaseTrainer, decoder_weights
from initscale.training.cuda_graph import CapturedUpdate
from initscale.training.norms import StepResult

_PART = 512  # sequences of a batch that a CPU works on at once: bounds memory, keeps most of the work in the cache
_SCORED_AT_ONCE = 2048  # sequences; bounds the memory of an evaluation


class Trainer(BaseTrainer):
    """R runs of equal shape and recipe, evaluated exactly by the fast engines.

    Parameters
    ----------
    facts : ``run_facts`` of each run; they may differ in gamma, seed, learning rate and weight decay.
    data : training data and scored groups.
    device : where the training runs.
    """

    def __init__(self, facts: list[dict], data: TaskData, device: torch.device):
        self.spec = ModelSpec.from_config(facts[0]["model"])
        trained, weights = trained_parameters(self.spec), decoder_weights(facts)
        super().__init__(facts, len(data.tokens_Nn), trained, weights, data.items, device)
        used = torch.unique(torch.cat([data.tokens_Nn.flatten(), *(g.tokens_Nn.flatten() for g in data.groups)]))
        self.index_of = torch.zeros(self.spec.vocabulary, dtype=torch.long)
        self.index_of[used] = torch.arange(len(used))
        self.inputs_Nn = self.index_of[data.tokens_Nn].to(device)
        self.labels_N = data.labels_N.to(device)
        self.groups = [(self.index_of[g.tokens_Nn].to(device), g.labels) for g in data.groups]
        compute_dtype = self.recipe.compute_dtype
        shape = self.spec, self.flat.views, used.to(device), data.tokens_Nn.shape[1]
        self.model, self.scorer = StackedDecoder(*shape, compute_dtype), StackedDecoder(*shape)
        covered = device.type == "cpu" and is_covered(self.spec, len(facts))
        self.paper_model = PaperDecoder(self.model, _PART, compute_dtype) if covered else None
        self.captured: CapturedUpdate | None = None
        self.part = _PART if device.type == "cpu" else self.recipe.batch

    def step(self, step: int) -> StepResult:
        """Make the update number ``step`` (from 0)."""
        index_RB = self.batches.indices(step)
        self.set_rates(step)
        if index_RB.device.type == "cpu":
            return StepResult(*self._update(index_RB))
        if self.captured is None:
            self.captured = CapturedUpdate(self._update, self._state, index_RB)
        return StepResult(*self.captured(index_RB))

    def _update(self, index_RB: Tensor) -> tuple[Tensor, Tensor]:
        """Loss before and gradient norm of one update, each (R,)."""
        result = self.update(lambda: self._loss_and_gradients(index_RB))
        return result.loss_R, result.grad_norm_R

    def _state(self) -> list[Tensor]:
        """Every tensor that an update changes for good."""
        return [self.flat.values_RP.detach(), *self.optimizer.tensors()]

    def _loss_and_gradients(self, index_RB: Tensor) -> Tensor:
        """Mean loss of each run, (R,); adds the gradients to the buffer.

        On a CPU the batch is worked off in parts that fit into the cache. The tables of the first layer belong to all
        parts: their gradients are collected first and carried back to the weights once.
        """
        if self.paper_model is not None:
            row_B = index_RB[0]
            return self.paper_model.loss_and_gradients(self.inputs_Nn[row_B], self.labels_N[row_B])[None]
        tables = self.model.tables()
        leaves = SlotTables(*(table.detach().requires_grad_() for table in tables))
        loss_R = torch.zeros(self.runs, dtype=tables.inputs_RSD.dtype, device=index_RB.device)
        for part_RB in index_RB.split(self.part, dim=1):
            part_loss_R = self._summed_loss(part_RB, leaves) / index_RB.shape[1]
            part_loss_R.sum().backward()  # runs share no parameter, so the sum gives each its own gradient
            loss_R += part_loss_R.detach()
        used = [(table, leaf.grad) for table, leaf in zip(tables, leaves, strict=True) if leaf.grad is not None]
        torch.autograd.backward([table for table, _ in used], [grad for _, grad in used])
        return loss_R

    def _summed_loss(self, index_RB: Tensor, tables: SlotTables) -> Tensor:
        logits_RBV = self.model.last_logits(self.inputs_Nn[index_RB], tables)
        labels_RB = self.labels_N[index_RB]
        each = F.cross_entropy(logits_RBV.flatten(0, 1), labels_RB.flatten(), reduction="none")
        return each.view(labels_RB.shape).sum(1)

    @torch.no_grad()
    def scores(self) -> list[dict[str, float]]:
        """Accuracy under every set of labels, for each run: ``acc_<name>``, in 0..1 (nan without sequences)."""
        scores: list[dict[str, float]] = [{} for _ in range(self.runs)]
        for inputs_Nn, label_sets in self.groups:
            answers_RN = self._answers(inputs_Nn)
            for name, labels_N in label_sets.items():
                share_R = (answers_RN == labels_N).double().mean(1)
                for run, share in enumerate(share_R.tolist()):
                    scores[run][f"acc_{name}"] = share
        return scores

    def _answers(self, inputs_Nn: Tensor) -> Tensor:
        """Most likely token at the last position, (R, N), on the CPU."""
        chunks = [
            self.scorer.last_logits(chunk[None].expand(self.runs, -1, -1)).argmax(-1).cpu()
            for chunk in inputs_Nn.split(_SCORED_AT_ONCE)
        ]
        return torch.cat(chunks, 1) if chunks else torch.empty(self.runs, 0, dtype=torch.long)
