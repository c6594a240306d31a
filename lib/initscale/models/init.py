"""The initialization, which is the subject of the study: every weight is normal with std = d_in^-gamma."""

from __future__ import annotations

import hashlib
import math
from dataclasses import dataclass

import torch

from initscale.models.spec import ModelSpec, Parameter, parameters


@dataclass(frozen=True)
class InitSpec:
    """Scale of the random initialization.

    Attributes
    ----------
    gamma : std = d_in^-gamma (paper, Section 3).
    axis : width that d_in means for linear layers: ``input`` (the paper), ``output``, or ``conv1d``, which is what the
        authors' later GPT-2 code has: the output width, with queries, keys and values counted as one layer of three
        times their width, and the input width for the output layer, the only one stored the other way round.
    embedding : d_in of embeddings: ``width`` (= d_model), ``vocabulary`` (number of rows), or a fixed std.
    """

    gamma: float
    axis: str = "input"
    embedding: str | float = "width"


def standard_deviation(parameter: Parameter, init: InitSpec) -> float:
    """Standard deviation of a weight's initial values (embeddings and linear layers)."""
    rows, columns = parameter.shape
    if parameter.kind == "embedding":
        if isinstance(init.embedding, int | float):
            return float(init.embedding)
        d_in = columns if init.embedding == "width" else rows
    elif init.axis == "conv1d":
        fused = parameter.name.endswith(("attn.q.weight", "attn.k.weight", "attn.v.weight"))
        d_in = columns if parameter.name == "output.weight" else 3 * rows if fused else rows
    else:
        d_in = columns if init.axis == "input" else rows
    return d_in**-init.gamma


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
