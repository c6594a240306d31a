"""The plain decoder, for options that the fast engines do not have (dropout)."""

from __future__ import annotations

from torch import nn

from initscale.models.decoder import Decoder
from initscale.models.initializations import initial_weights_of
from initscale.models.spec import ModelSpec


def build(model: dict, seed: int) -> nn.Module:
    """A decoder with the weights that the model's order of draws gives."""
    return Decoder.with_weights(ModelSpec.from_config(model), initial_weights_of(model, seed))
