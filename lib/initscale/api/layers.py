"""What the parameters of a module are: weights with an input width, and everything else with the reason."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from dataclasses import dataclass, replace

from torch import Tensor, nn

from initscale.errors import ConfigError


@dataclass(frozen=True)
class Weight:
    """One parameter of a module.

    Attributes
    ----------
    tensor : its values.
    layer : class of the layer that it belongs to.
    kind : ``linear``, ``embedding``, or empty for everything else.
    d_in, d_out : width of the layer's input and output; of an embedding the width and the number of rows.
    left_alone : why it is left alone; empty for one that is drawn.
    note : what a reader should know of one that is drawn.
    padding_row : row of an embedding that stays as it is.
    stacked : names of equal blocks of rows that are weights of their own, such as those of queries, keys and values.
    transposed : whether it lies as (input, output), as in the Hugging Face library's ``Conv1D``.
    """

    tensor: Tensor
    layer: str
    kind: str = ""
    d_in: int = 0
    d_out: int = 0
    left_alone: str = ""
    note: str = ""
    padding_row: int | None = None
    stacked: tuple[str, ...] = ()
    transposed: bool = False

    def blocks(self, name: str) -> Iterator[tuple[str, Tensor]]:
        """Name and values of every block that is drawn by itself."""
        if not self.stacked:
            yield name, self.tensor
            return
        for part, block in zip(self.stacked, self.tensor.chunk(len(self.stacked)), strict=True):
            yield f"{name}.{part}", block

    def matrices(self, name: str) -> Iterator[tuple[str, Tensor]]:
        """The same as (output, input); an embedding is (rows, width)."""
        for part, block in self.blocks(name):
            yield part, block.T if self.transposed else block


def weights_of(module: nn.Module) -> dict[str, Weight]:
    """Every parameter by its name in ``module.named_parameters()``; one that is shared belongs to its first layer.

    Raises
    ------
    ConfigError for a parameter without values.
    """
    by_id = {id(parameter): name for name, parameter in module.named_parameters()}
    found: dict[str, Weight] = {}
    for path, layer in module.named_modules():
        for own, parameter in layer.named_parameters(recurse=False):
            name = by_id[id(parameter)]
            place = f"{path}.{own}" if path else own
            if name in found:
                found[name] = _shared(found[name], place)
            else:
                found[name] = _weight(layer, own, parameter, place)
    return found


def _shared(weight: Weight, place: str) -> Weight:
    words = "; ".join(filter(None, [weight.note, f"shared with {place}"]))
    return weight if weight.left_alone else replace(weight, note=words)


def _weight(layer: nn.Module, own: str, parameter: nn.Parameter, place: str) -> Weight:
    if parameter.is_meta or isinstance(parameter, nn.parameter.UninitializedParameter):
        raise ConfigError(
            "has no values yet",
            where=place,
            hint="build the module on a device (`to_empty` for one on `meta`), and call lazy layers once",
        )
    kind = type(layer).__name__
    if not parameter.is_floating_point():
        return Weight(parameter, kind, left_alone=f"holds {parameter.dtype}")
    weight = _known(layer, own, parameter) or Weight(parameter, kind, left_alone=_reason(layer, own))
    return weight if parameter.requires_grad else replace(weight, left_alone="frozen (requires_grad=False)")


def _known(layer: nn.Module, own: str, parameter: nn.Parameter) -> Weight | None:
    """The weight if its layer is known and has an input width for it."""
    kind = type(layer).__name__
    if isinstance(layer, nn.MultiheadAttention) and own.endswith("proj_weight"):
        stacked = ("q", "k", "v") if own == "in_proj_weight" else ()
        return Weight(parameter, kind, "linear", parameter.shape[1], parameter.shape[0], stacked=stacked)
    if own != "weight":
        return None
    if isinstance(layer, nn.Embedding | nn.EmbeddingBag):
        rows, width = parameter.shape
        note = "" if layer.padding_idx is None else f"row {layer.padding_idx} (padding) is left alone"
        return Weight(parameter, kind, "embedding", width, rows, note=note, padding_row=layer.padding_idx)
    if isinstance(layer, nn.Linear):
        return Weight(parameter, kind, "linear", parameter.shape[1], parameter.shape[0])
    if isinstance(layer, _transposed()):
        return Weight(parameter, kind, "linear", *parameter.shape, transposed=True)
    return None


def _transposed() -> tuple[type, ...]:
    """Linear layers whose weight is (input, output): the Hugging Face library's, if it was imported at all."""
    library = sys.modules.get("transformers.pytorch_utils")
    return (library.Conv1D,) if library is not None else ()


def _reason(layer: nn.Module, own: str) -> str:
    if "norm" in type(layer).__name__.lower():
        return "a norm's gain" if own == "weight" else "a norm's shift"
    if "bias" in own:
        return "a bias"
    return f"no rule for a {type(layer).__name__}"
