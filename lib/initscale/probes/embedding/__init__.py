"""Do the embeddings of the items know that the items are numbers? (Figs 5c,d and 11)"""

from __future__ import annotations

from collections.abc import Callable

from initscale.errors import ConfigError

NEEDS = ("item_values",)


def check(config: dict, study: str, describe: Callable[..., str]) -> None:
    """Perplexity, lags and steps must fit the number of items."""
    low, high = config["datasets"][config["studies"][study]["dataset"]]["values"]
    items, options = high - low + 1, config["probes"]["embedding"]
    for key in ("perplexity", "lags"):
        if options[key] >= items:
            raise ConfigError(
                f"{options[key]} must be smaller than the number of items of the study `{study}`, {items}",
                where=describe("probes", "embedding", key),
            )
    inside = [step for step in options["steps"] if step <= options["lags"]]
    if len(inside) < len(options["steps"]) or len(inside) == options["lags"]:
        raise ConfigError(
            f"{options['steps']} must be some, but not all, of the lags 1..{options['lags']}",
            where=describe("probes", "embedding", "steps"),
        )
