"""What trainers measure alike: the result of a step, and norms and spectra of the weights."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

_CHUNK = 4096
"""Numbers whose squares are added in their own precision; the sums of chunks are added in float64."""


@dataclass(frozen=True)
class StepResult:
    """What a step measured before its update, each (R,)."""

    loss_R: Tensor
    grad_norm_R: Tensor


def row_norms(x_RP: Tensor) -> Tensor:
    """Euclidean norm of each row, (R,), in the precision of the input.

    One float32 sum over 85 million squares is off by 1 %, over 2.7 million by 8e-5; sums of chunks in float64 are exact
    to the last digits of a float32.
    """
    whole = x_RP.shape[1] // _CHUNK * _CHUNK
    chunks_RC = torch.linalg.vector_norm(x_RP[:, :whole].unflatten(1, (-1, _CHUNK)), dim=2) if whole else x_RP[:, :0]
    rest_R1 = torch.linalg.vector_norm(x_RP[:, whole:], dim=1, keepdim=True)
    return torch.linalg.vector_norm(torch.cat([chunks_RC, rest_R1], 1).double(), dim=1).to(x_RP.dtype)


@torch.no_grad()
def weight_norms(values_RP: Tensor, embedding_RID: Tensor | None) -> list[dict]:
    """Weight norms and the spectrum of an embedding, for each run; see ``initscale.training.history``.

    Parameters
    ----------
    values_RP : all trained parameters of each run.
    embedding_RID : embeddings of the task's items; None for a model that has none by this name.
    """
    total_R = row_norms(values_RP).tolist()
    if embedding_RID is None:
        return [{"weight_norm": w, "embedding_norm": float("nan"), "embedding_eigenvalues": []} for w in total_R]
    embedding_RID = embedding_RID.detach().float()
    items = embedding_RID.shape[1]
    centred_RID = embedding_RID - embedding_RID.mean(1, keepdim=True)
    finite_R11 = centred_RID.isfinite().all(-1).all(-1)[:, None, None]  # the SVD refuses a run that diverged
    singular_RI = torch.linalg.svdvals(torch.where(finite_R11, centred_RID, 0.0))
    spectrum_RI = torch.where(finite_R11[..., 0], singular_RI.square() / items, torch.nan)
    embedding_R = torch.linalg.vector_norm(embedding_RID, dim=(1, 2)).tolist()
    return [
        {"weight_norm": w, "embedding_norm": e, "embedding_eigenvalues": s}
        for w, e, s in zip(total_R, embedding_R, spectrum_RI.cpu().tolist(), strict=True)
    ]
