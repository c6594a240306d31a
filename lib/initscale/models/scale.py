"""The scale of the random initialization: std = d_in^-gamma. Without torch, for the tables need it too."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from initscale.models.spec import Parameter

PARTS = ("embedding", "attention", "feed_forward", "output")
"""Parts of a decoder that can have a gamma of their own."""


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
    parts : gammas of single parts (a key of ``PARTS`` -> gamma) that differ from ``gamma``.
    """

    gamma: float
    axis: str = "input"
    embedding: str | float = "width"
    parts: Mapping[str, float] = field(default_factory=dict)

    @classmethod
    def from_config(cls, section: Mapping) -> InitSpec:
        """Build from the ``init`` of a ``models`` section (its ``draws`` choose a file and are no matter of scale)."""
        return cls(**{key: value for key, value in section.items() if key != "draws"})

    def gamma_of(self, parameter: Parameter) -> float:
        """Gamma of one parameter."""
        return self.parts.get(part_of(parameter), self.gamma)


def part_of(parameter: Parameter) -> str:
    """The part of the decoder that an embedding or linear layer belongs to.

    >>> part_of(Parameter("layers.0.ffn.up.weight", (8, 4), "linear"))
    'feed_forward'
    """
    if parameter.kind == "embedding":
        return "embedding"
    if parameter.name == "output.weight":
        return "output"
    return "attention" if ".attn." in parameter.name else "feed_forward"


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
    return d_in ** -init.gamma_of(parameter)


def embedding_std(model: dict, gamma: float) -> float:
    """Initial standard deviation of the token embedding of a ``models`` section of the configuration.

    >>> model = {"d_model": 400, "vocabulary": 201, "init": {"embedding": "width"}}
    >>> embedding_std(model, 0.5)
    0.05
    >>> embedding_std({**model, "init": {"embedding": 0.02}}, 0.5)
    0.02
    """
    tokens = Parameter("tokens.weight", (model["vocabulary"], model["d_model"]), "embedding")
    return standard_deviation(tokens, InitSpec.from_config({**model["init"], "gamma": gamma}))
