"""Options of Fig 3."""

from __future__ import annotations

from collections.abc import Callable

from initscale.errors import ConfigError


def check(config: dict, describe: Callable[..., str]) -> None:
    """t-SNE needs more than three times as many sequences as its perplexity."""
    tsne = config["figures"]["fig3"]["tsne"]
    if tsne["perplexity"] >= tsne["sequences"] / 3:
        raise ConfigError(
            f"a perplexity of {tsne['perplexity']} is too large for {tsne['sequences']} sequences (less than a third)",
            where=describe("figures", "fig3", "tsne", "perplexity"),
        )
