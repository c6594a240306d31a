"""The initialization, which is the subject of the study: every weight is normal with std = d_in^-gamma.

Every tensor has a generator of its own: the default order of draws.
"""

from __future__ import annotations

import hashlib
import math

import torch

from initscale.models.scale import InitSpec, standard_deviation
from initscale.models.spec import ModelSpec, parameters


def initial_weights(spec: ModelSpec, init: InitSpec, seed: int) -> dict[str, torch.Tensor]:
    """Initial weights by name, float32, on the CPU.

    Every tensor has a CPU generator of its own, seeded by ``seed`` and the tensor's name, and draws in float64.
    So the weights are the same on every device, do not depend on the order of the layers, and a change of gamma
    only rescales them: runs with one seed and different gamma start from the same direction.

    LayerNorm starts at (1, 0). The output bias is uniform in +-1/sqrt(d_model), PyTorch's default, which the
    authors' code leaves as it is.
    """
    weights = {}
    for parameter in parameters(spec):
        generator = torch.Generator().manual_seed(_tensor_seed(seed, parameter.name))
        if parameter.kind in ("embedding", "linear"):
            normal = torch.randn(parameter.shape, generator=generator, dtype=torch.float64)
            value = normal * standard_deviation(parameter, init)
        elif parameter.kind == "bias":
            uniform = torch.rand(parameter.shape, generator=generator, dtype=torch.float64)
            value = (2 * uniform - 1) / math.sqrt(spec.d_model)
        else:
            value = torch.full(parameter.shape, 1.0 if parameter.kind == "gain" else 0.0)
        weights[parameter.name] = value.float()
    return weights


def _tensor_seed(seed: int, name: str) -> int:
    digest = hashlib.sha256(f"{seed}/{name}".encode()).digest()
    return int.from_bytes(digest[:8], "little") >> 1
