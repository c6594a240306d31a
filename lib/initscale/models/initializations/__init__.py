"""Initial weights of a decoder, a file per order of random draws; a model chooses one by ``init.draws: NAME``.

Each module offers ``initial_weights(spec, init, seed)`` -> name -> float32 tensor on the CPU, for the names and shapes
of ``initscale.models.spec.parameters``. All draw from the same distributions: normal with the std of
``initscale.models.scale.standard_deviation``, LayerNorm at (1, 0). Without the key a model has ``per_tensor``.
"""

from __future__ import annotations

import importlib

from torch import Tensor

from initscale.models.choices import initialization_of
from initscale.models.scale import InitSpec
from initscale.models.spec import ModelSpec


def initial_weights_of(model: dict, seed: int) -> dict[str, Tensor]:
    """Initial weights of a decoder by name, float32, on the CPU, by the order of draws that its section chooses.

    Parameters
    ----------
    model : a ``models`` section with depth and ``init.gamma`` of the run.
    seed : seed of the run.
    """
    draw = importlib.import_module(initialization_of(model)).initial_weights
    return draw(ModelSpec.from_config(model), InitSpec.from_config(model["init"]), seed)
