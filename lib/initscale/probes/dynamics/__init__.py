"""The scores of the probes change, attention and sharpness along a training, at the snapshots that a run kept."""

from __future__ import annotations

from collections.abc import Callable

from initscale.errors import ConfigError
from initscale.experiment.grid import evaluation_of

NEEDS = ("anchor_pairs", "label_of_the_last_position")


def check(config: dict, study: str, describe: Callable[..., str]) -> None:
    """The study must keep weights along the way."""
    if evaluation_of(config, config["studies"][study])["snapshots"] < 2:
        raise ConfigError(
            f"the study `{study}` keeps no weights along the way, which its probe `dynamics` measures",
            where=describe("studies", study, "evaluation", "snapshots"),
            hint="take 20 or more, or take the probe out of its list",
        )
