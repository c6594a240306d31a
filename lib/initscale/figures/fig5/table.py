"""Table of Fig 5: condensation of W_Q in layer 1 and projections of the item embeddings, one run per phase."""

from __future__ import annotations

import pyarrow as pa

from initscale.figures.reading.single_runs import (
    COLUMNS,
    condensation_words,
    measured_files,
    measured_rows,
    measured_table,
    projection_words,
)

__all__ = ["COLUMNS", "inputs", "table"]


def inputs(config: dict) -> dict[str, list[str]]:
    """Files that the table is made of."""
    return measured_files(config, "fig5", "condensation", "embedding")


def table(config: dict) -> pa.Table:
    """Make the table; scores are those of every run, so that the phases can be compared over seeds."""
    options = config["figures"]["fig5"]
    frames = [
        measured_rows(config, "fig5", "condensation", ("cosine",)),
        measured_rows(config, "fig5", "embedding", ("tsne", "pca", "pca_share"), also=("cosine_at_lag",)),
    ]
    (a, b), keys = options["unseen"], {"train": "training", "test": "test"}[options["keys"]]
    words = f"Depth {options['depth']}, seed {options['seed']}. Titles: accuracy of the run on the unseen pair "
    words += f"({a},{b}) under each mapping, keys of the {keys} split."
    words += f" {condensation_words(config)} {projection_words(config, options['study'])}"
    return measured_table(config, "fig5", frames, words)
