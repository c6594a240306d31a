"""The shape of a decoder, and the names and shapes of its parameters."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class ModelSpec:
    """Architecture of a decoder-only transformer; the paper's values are in config/scales/paper.yaml.

    ``gamma`` and the other facts of the initialization are in :class:`initscale.models.scale.InitSpec`.
    ``norm`` is ``post``, ``pre`` or ``none``. ``frozen_norm`` leaves every LayerNorm at gain 1 and shift 0. ``tied``
    takes the token embedding as output weight, as GPT-2 does (sequence models only); there is no ``output.weight``
    then. ``dropout`` is the share of zeroed values behind the embedding, the attention weights and each block, as in
    GPT-2.
    """

    d_model: int
    n_heads: int
    d_head: int
    d_ff: int
    depth: int
    vocabulary: int
    max_positions: int
    norm: str
    activation: str
    final_norm: bool
    frozen_norm: bool = False
    tied: bool = False
    dropout: float = 0.0

    @classmethod
    def from_config(cls, section: dict) -> ModelSpec:
        """Build the spec from a ``models`` section of the configuration."""
        return cls(**{key: value for key, value in section.items() if key not in ("init", "builder")})

    @property
    def d_attention(self) -> int:
        """Width of all heads together."""
        return self.n_heads * self.d_head


@dataclass(frozen=True)
class Parameter:
    """Name, shape (output, input) and kind of one tensor of the model.

    ``kind`` is ``embedding``, ``linear``, ``gain`` (LayerNorm weight), ``shift`` (LayerNorm bias) or ``bias``
    (of the output projection, the only bias).
    """

    name: str
    shape: tuple[int, ...]
    kind: str


def parameters(spec: ModelSpec) -> list[Parameter]:
    """All parameters in reading order; at the paper's settings with two layers 2,732,201 numbers.

    GPT-2 small on the paper's task has 85,295,817: per layer 4 x 768^2 (attention) + 2 x 768 x 3072 (feed-forward) +
    4 x 768 (norms), twelve times, and 201 x 768 (tokens) + 20 x 768 (positions) + 201 x 768 + 201 (output).
    """
    d = spec.d_model
    tensors = [
        Parameter("tokens.weight", (spec.vocabulary, d), "embedding"),
        Parameter("positions.weight", (spec.max_positions, d), "embedding"),
    ]
    for layer in range(spec.depth):
        tensors += [
            Parameter(f"layers.{layer}.{name}", shape, kind)
            for name, shape, kind in (
                ("attn.q.weight", (spec.d_attention, d), "linear"),
                ("attn.k.weight", (spec.d_attention, d), "linear"),
                ("attn.v.weight", (spec.d_attention, d), "linear"),
                ("attn.o.weight", (d, spec.d_attention), "linear"),
                ("attn_norm.weight", (d,), "gain"),
                ("attn_norm.bias", (d,), "shift"),
                ("ffn.up.weight", (spec.d_ff, d), "linear"),
                ("ffn.down.weight", (d, spec.d_ff), "linear"),
                ("ffn_norm.weight", (d,), "gain"),
                ("ffn_norm.bias", (d,), "shift"),
            )
            if spec.norm != "none" or kind == "linear"
        ]
    if spec.final_norm:
        tensors += [Parameter("final_norm.weight", (d,), "gain"), Parameter("final_norm.bias", (d,), "shift")]
    if not spec.tied:
        tensors.append(Parameter("output.weight", (spec.vocabulary, d), "linear"))
    return [*tensors, Parameter("output.bias", (spec.vocabulary,), "bias")]


def trained_parameters(spec: ModelSpec) -> list[Parameter]:
    """Those that a training changes: all, or all but gains and shifts where the norms are frozen."""
    return [p for p in parameters(spec) if not (spec.frozen_norm and p.kind in ("gain", "shift"))]
