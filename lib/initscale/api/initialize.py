"""The initialization of the paper for any PyTorch module: every weight normal with std = d_in^-gamma (Section 3)."""

from __future__ import annotations

import fnmatch
from collections.abc import Iterator, Mapping
from typing import NamedTuple

import torch
from torch import Tensor, nn

from initscale.api.layers import Weight, weights_of
from initscale.api.report import InitReport, InitRow
from initscale.errors import ConfigError
from initscale.files.schema import nearest
from initscale.models.initializations.per_tensor import _tensor_seed as tensor_seed
from initscale.models.scale import InitSpec, standard_deviation
from initscale.models.spec import Parameter


class _Draw(NamedTuple):
    """What a weight is drawn from."""

    weight: Weight
    d_in: int | None
    gamma: float
    std: float


def initialize_(
    module: nn.Module,
    gamma: float,
    *,
    parts: Mapping[str, float] | None = None,
    embedding: str | float = "width",
    seed: int | None = None,
    dry_run: bool = False,
) -> InitReport:
    """Draw the weights of a module anew, in place: normal, mean 0, std = d_in^-gamma.

    Weights of ``Linear``, ``Embedding``, ``MultiheadAttention`` and of the Hugging Face library's ``Conv1D`` are drawn;
    d_in is the width of the input. Everything else stays as it is: biases, norms, frozen parameters, the padding row of
    an embedding. A weight that two layers share is drawn once, for the first of them.

    Parameters
    ----------
    module : any module whose weights are on a device (not ``meta``).
    gamma : 0.5 is the scale of PyTorch's and of Glorot's defaults; larger is smaller.
    parts : gammas of single weights, by patterns of their names, such as ``{"*.mlp.*": 0.8}``; the last that fits
        counts.
    embedding : d_in of embeddings: ``width`` of their vectors (the paper), ``vocabulary`` (number of rows), or a fixed
        std.
    seed : every weight has a generator of its own, from the seed and its name, so a change of gamma only rescales; None
        takes the seed from PyTorch's default generator.
    dry_run : change nothing; print what would be drawn.

    Returns
    -------
    A table of every parameter; ``print`` shows it. In a dry run ``std_after`` is the std that would be drawn from.

    Raises
    ------
    ConfigError for a pattern that fits no weight, or a weight without values.
    """
    draws = _draws(module, gamma, parts or {}, embedding)
    befores = {name: _std(parameter) for name, parameter in module.named_parameters()}
    if not dry_run:
        _fill(draws, int(torch.randint(2**31, ())) if seed is None else seed)
    report = InitReport(tuple(_rows(module, draws, befores, dry_run)), is_dry_run=dry_run)
    if dry_run:
        print(report)
    return report


def _draws(module: nn.Module, gamma: float, parts: Mapping[str, float], embedding: str | float) -> dict[str, _Draw]:
    if not (embedding in ("width", "vocabulary") or isinstance(embedding, int | float)):
        raise ConfigError(
            f"`{embedding}` is no d_in of embeddings (allowed: width, vocabulary, or a std)", where="initialize_"
        )
    draws, weights = {}, {name: weight for name, weight in weights_of(module).items() if not weight.left_alone}
    used: set[str] = set()
    for name, weight in weights.items():
        fitting = [pattern for pattern in parts if fnmatch.fnmatchcase(name, pattern)]
        used.update(fitting)
        own = float(parts[fitting[-1]] if fitting else gamma)
        parameter = Parameter(name, (weight.d_out, weight.d_in), weight.kind)
        d_in = {"width": weight.d_in, "vocabulary": weight.d_out}.get(embedding)
        std = standard_deviation(parameter, InitSpec(own, embedding=embedding))
        draws[name] = _Draw(weight, weight.d_in if weight.kind == "linear" else d_in, own, std)
    for pattern in parts:
        if pattern not in used:
            raise ConfigError(
                f"`{pattern}` fits the name of no weight that is drawn",
                where="initialize_: parts",
                hint=nearest(pattern, list(weights)) or "a dry run shows all names",
            )
    return draws


@torch.no_grad()
def _fill(draws: Mapping[str, _Draw], seed: int) -> None:
    for name, (weight, _, _, std) in draws.items():
        for part, block in weight.blocks(name):
            generator = torch.Generator().manual_seed(tensor_seed(seed, part))
            normal = torch.randn(block.shape, generator=generator, dtype=torch.float64) * std
            if weight.padding_row is not None:
                normal[weight.padding_row] = block[weight.padding_row].double().cpu()
            block.copy_(normal)


def _std(parameter: Tensor) -> float:
    """Standard deviation around 0, as the initialization has it; nan for an empty one."""
    if parameter.is_meta or isinstance(parameter, nn.parameter.UninitializedParameter):
        return float("nan")
    return float(parameter.detach().double().square().mean().sqrt())


def _rows(
    module: nn.Module, draws: Mapping[str, _Draw], befores: Mapping[str, float], dry_run: bool
) -> Iterator[InitRow]:
    known = weights_of(module)
    for name, parameter in module.named_parameters():
        shape, before = tuple(parameter.shape), befores[name]
        if name in draws:
            weight, d_in, gamma, std = draws[name]
            after = std if dry_run else _std(parameter)
            yield InitRow(name, weight.layer, shape, d_in, gamma, before, after, weight.note)
        else:
            yield InitRow(name, known[name].layer, shape, None, None, before, before, known[name].left_alone)
