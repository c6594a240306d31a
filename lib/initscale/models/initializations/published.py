"""Initial weights as the authors' public runs draw them: one generator for all tensors, in the order of construction.

PyTorch fills a new ``Embedding`` or ``Linear`` with default values, which the published code then replaces by normal
ones. The defaults are thrown away, but they move the generator on, so they are drawn here, too. The order is a fact of
the authors' logs (xuzhiqin1990/understanding_dl); their runs can be started again from it.
"""

from __future__ import annotations

import math

import torch
from torch import Tensor

from initscale.errors import ConfigError
from initscale.models.scale import InitSpec, standard_deviation
from initscale.models.spec import ModelSpec, Parameter, parameters


def initial_weights(spec: ModelSpec, init: InitSpec, seed: int) -> dict[str, Tensor]:
    """Initial weights of a published run by name, float32, on the CPU; names as in ``initscale.models.spec``.

    The output bias keeps PyTorch's default, uniform in +-1/sqrt(d_model); LayerNorm starts at (1, 0).

    Raises
    ------
    ConfigError for a tied model, whose published order of draws is not known.
    """
    return draw(spec, init, torch.Generator().manual_seed(seed))


def advance(spec: ModelSpec, generator: torch.Generator) -> None:
    """Move a generator on as drawing the model does; the number of draws does not depend on gamma."""
    draw(spec, InitSpec(gamma=0.0), generator)


def draw(spec: ModelSpec, init: InitSpec, generator: torch.Generator) -> dict[str, Tensor]:
    """Draw all weights from ``generator``, in the published order; see ``initial_weights``."""
    if spec.tied:
        raise ConfigError(
            "the published order of draws is known for a model with its own output weight only",
            where="models: init.draws",
            hint="leave out `draws`, or set `tied: false`",
        )
    by_name = {parameter.name: parameter for parameter in parameters(spec)}
    weights = {name: _constant(parameter) for name, parameter in by_name.items()}
    for names in _made_together(spec):
        for name in names:
            weights[name] = _default(by_name[name], spec.d_model, generator)
        for name in names:
            if by_name[name].kind != "bias":
                weights[name].normal_(0.0, standard_deviation(by_name[name], init), generator=generator)
    return weights


def _made_together(spec: ModelSpec) -> list[tuple[str, ...]]:
    """Names of tensors that are all made before the first of them is drawn, in the order of construction."""
    groups = [("tokens.weight", "positions.weight")]
    for layer in range(spec.depth):
        groups += [(f"layers.{layer}.attn.{name}.weight",) for name in "qkvo"]
        groups.append((f"layers.{layer}.ffn.up.weight", f"layers.{layer}.ffn.down.weight"))
    return [*groups, ("output.weight", "output.bias")]


def _default(parameter: Parameter, d_model: int, generator: torch.Generator) -> Tensor:
    """PyTorch's own initial values: standard normal for an embedding, uniform in +-1/sqrt(d_in) for a linear layer."""
    value = torch.empty(parameter.shape)
    if parameter.kind == "embedding":
        return value.normal_(generator=generator)
    d_in = d_model if parameter.kind == "bias" else parameter.shape[1]
    return value.uniform_(-1 / math.sqrt(d_in), 1 / math.sqrt(d_in), generator=generator)


def _constant(parameter: Parameter) -> Tensor:
    return torch.full(parameter.shape, 1.0 if parameter.kind == "gain" else 0.0)
