"""What is refused of a configuration: at once, or when a figure is asked for."""

from __future__ import annotations

from initscale.config.load import load
from initscale.errors import ConfigError
from initscale.figures.checking import faults


def refusals(overrides: dict) -> list[str]:
    """The message that loading ends with, or those of all figures that cannot be made."""
    try:
        loaded = load({"scale": "smoke"} | overrides)
    except ConfigError as error:
        return [str(error)]
    figures = [name for name in loaded.config["figures"] if name != "style"]
    return [str(error) for error in faults(loaded.config, figures, loaded.describe).values()]
