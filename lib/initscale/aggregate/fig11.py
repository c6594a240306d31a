"""Table of Fig 11: projections of the item embeddings over gamma and depth."""

from __future__ import annotations

import pyarrow as pa

from initscale.aggregate.measured import COLUMNS, measured_files, measured_rows, measured_table, projection_words

__all__ = ["COLUMNS", "inputs", "table"]


def inputs(config: dict) -> dict[str, list[str]]:
    """Files that the table is made of."""
    return measured_files(config, "fig11", "embedding")


def table(config: dict) -> pa.Table:
    """Make the table; scores are those of every run."""
    options = config["figures"]["fig11"]
    frames = [measured_rows(config, "fig11", "embedding", ("tsne", "pca", "pca_share"), also=("cosine_at_lag",))]
    words = f"Seed {options['seed']}. {projection_words(config, options['study'])}"
    return measured_table(config, "fig11", frames, words)
