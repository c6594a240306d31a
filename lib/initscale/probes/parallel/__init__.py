"""Which inputs a model represents alike: parallel vectors (Fig 4) and commuting anchors (Fig 3b, Section 4)."""

from __future__ import annotations

from collections.abc import Callable

from initscale.errors import ConfigError
from initscale.experiment.grid import study_points
from initscale.probes.checking import check_sequences

NEEDS = ("anchor_pairs",)


def check(config: dict, study: str, describe: Callable[..., str]) -> None:
    """Its pairs, keys and positions must exist in the data; its layer in every run."""
    check_sequences(config, study, describe, "parallel")
    layer = config["probes"]["parallel"]["layer"]
    depths = sorted({point["depth"] for point in study_points(config["studies"][study])})
    if layer != "last" and layer > depths[0]:
        raise ConfigError(
            f"layer {layer} does not exist in every run of `{study}` (depths: {depths})",
            where=describe("probes", "parallel", "layer"),
        )
