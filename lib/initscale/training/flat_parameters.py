"""All parameters of R runs in one buffer, so that clipping and AdamW are a few passes over memory."""

from __future__ import annotations

import torch
from torch import Tensor

from initscale.models.spec import Parameter
from initscale.training.norms import row_norms


class FlatParameters:
    """Values and gradients of R runs, (R, P) each, with named views into them.

    Parameters
    ----------
    trained : the parameters that training changes, in the order in which they lie in the buffers.
    weights : initial weights of each run by name; what is not among ``trained`` stays as it is.
    device, dtype : of the buffers.

    Attributes
    ----------
    values_RP, grads_RP : the buffers, with the parameters that are trained.
    views : name -> leaf tensor (R, *shape) whose ``.grad`` is a view into ``grads_RP``; frozen parameters, which are in
        neither buffer, need no gradient.
    """

    def __init__(
        self, trained: list[Parameter], weights: list[dict[str, Tensor]], device: torch.device, dtype: torch.dtype
    ):
        self.trained = trained
        self.values_RP = torch.stack(
            [torch.cat([run[p.name].to(dtype).flatten() for p in self.trained]) for run in weights]
        ).to(device)
        self.grads_RP = torch.zeros_like(self.values_RP)
        self.views = self._split(self.values_RP)
        for view, grad in zip(self.views.values(), self._split(self.grads_RP).values(), strict=True):
            view.requires_grad_()
            view.grad = grad
        for frozen in (name for name in weights[0] if name not in self.views):
            self.views[frozen] = torch.stack([run[frozen].to(dtype) for run in weights]).to(device)

    def _split(self, buffer_RP: Tensor) -> dict[str, Tensor]:
        views, start = {}, 0
        for parameter in self.trained:
            size = torch.Size(parameter.shape).numel()
            views[parameter.name] = buffer_RP[:, start : start + size].view(-1, *parameter.shape)
            start += size
        return views

    def run_weights(self, run: int) -> dict[str, Tensor]:
        """Copies of one run's weights on the CPU, float32 (or float64 where the training is)."""
        return {name: view[run].detach().cpu().clone() for name, view in self.views.items()}

    @torch.no_grad()
    def load(self, run: int, weights: dict[str, Tensor]) -> None:
        """Replace one run's weights; what ``run_weights`` returned fits."""
        for name, view in self.views.items():
            view[run].copy_(weights[name])

    def clip(self, limit: float) -> Tensor:
        """Scale each run's gradient down to norm ``limit``; return the norms before, (R,).

        Same rule as ``torch.nn.utils.clip_grad_norm_``, for every run by itself.
        """
        norm_R = row_norms(self.grads_RP)
        self.grads_RP.mul_((limit / (norm_R + 1e-6)).clamp(max=1.0)[:, None])
        return norm_R


class StackedAdamW:
    """PyTorch's fused AdamW on a flat buffer, one parameter group (and learning rate) per run."""

    def __init__(self, flat: FlatParameters, betas: tuple[float, float], eps: float, weight_decays: list[float]):
        groups = []
        for run, weight_decay in enumerate(weight_decays):
            row = flat.values_RP[run]
            row.grad = flat.grads_RP[run]
            groups.append({"params": [row], "weight_decay": weight_decay})
        # on a GPU a tensor, so that a captured update sees new rates
        on_gpu = flat.values_RP.is_cuda
        for group in groups:
            group["lr"] = torch.zeros((), device=flat.values_RP.device, dtype=torch.float32) if on_gpu else 0.0
        self.optimizer = torch.optim.AdamW(groups, betas=betas, eps=eps, fused=True, capturable=on_gpu)

    def set_rates(self, learning_rates: list[float]) -> None:
        """Set each run's learning rate for the next update."""
        for group, lr in zip(self.optimizer.param_groups, learning_rates, strict=True):
            if isinstance(group["lr"], Tensor):
                group["lr"].fill_(lr)
            else:
                group["lr"] = lr

    def step(self) -> None:
        """Apply one update."""
        self.optimizer.step()

    def tensors(self) -> list[Tensor]:
        """Every tensor of the optimiser's state."""
        return [value for state in self.optimizer.state.values() for value in state.values()]

    def run_state(self, run: int) -> dict[str, Tensor]:
        """Moments of one run, on the CPU; empty before the first step."""
        row = self.optimizer.param_groups[run]["params"][0]
        return {name: value.cpu() for name, value in self.optimizer.state.get(row, {}).items()}

    def load_run_state(self, run: int, state: dict[str, Tensor]) -> None:
        """Put back what ``run_state`` returned."""
        row = self.optimizer.param_groups[run]["params"][0]
        if state:
            self.optimizer.state[row] = {name: value.to(row.device, copy=True) for name, value in state.items()}
