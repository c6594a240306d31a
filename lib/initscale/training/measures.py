"""What trainers measure alike: the result of a step, and norms and spectra of the weights."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from initscale.training.flat import FlatParameters


@dataclass(frozen=True)
class StepResult:
    """What a step measured before its update, each (R,)."""

    loss_R: Tensor
    grad_norm_R: Tensor


@torch.no_grad()
def weight_norms(flat: FlatParameters, items: Tensor) -> list[dict]:
    """Weight norms and the spectrum of the embedding of ``items``, for each run; see ``history_columns``."""
    total_R = torch.linalg.vector_norm(flat.values_RP, dim=1).tolist()
    embedding_RID = flat.views["tokens.weight"].detach()[:, items].float()
    centred_RID = embedding_RID - embedding_RID.mean(1, keepdim=True)
    finite_R11 = centred_RID.isfinite().all(-1).all(-1)[:, None, None]  # the SVD refuses a run that diverged
    singular_RI = torch.linalg.svdvals(torch.where(finite_R11, centred_RID, 0.0))
    spectrum_RI = torch.where(finite_R11[..., 0], singular_RI.square() / len(items), torch.nan)
    embedding_R = torch.linalg.vector_norm(embedding_RID, dim=(1, 2)).tolist()
    return [
        {"weight_norm": w, "embedding_norm": e, "embedding_eigenvalues": s}
        for w, e, s in zip(total_R, embedding_R, spectrum_RI.cpu().tolist(), strict=True)
    ]
