"""Which files a model uses, from its section of the configuration; part of ``initscale.training.choices``."""

from __future__ import annotations

DEFAULT_DRAWS = "per_tensor"


def builder_of(model: dict) -> str | None:
    """Module that builds a model trained as a plain PyTorch module; None for a decoder on the fast engines."""
    name = model.get("builder", "decoder" if model.get("dropout") else None)
    return name if name is None or "." in name else f"initscale.models.builders.{name}"


def initialization_of(model: dict) -> str:
    """Module that draws the initial weights of a decoder."""
    return f"initscale.models.initializations.{model['init'].get('draws', DEFAULT_DRAWS)}"
