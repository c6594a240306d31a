"""Table of Fig 10: condensation of W_Q in layer 1 over gamma and depth."""

from __future__ import annotations

import pyarrow as pa

from initscale.aggregate.measured import (
    COLUMNS,
    condensation_words,
    measured_files,
    measured_rows,
    measured_table,
)

__all__ = ["COLUMNS", "inputs", "table"]


def inputs(config: dict) -> dict[str, list[str]]:
    """Files that the table is made of."""
    return measured_files(config, "fig10", "condensation")


def table(config: dict) -> pa.Table:
    """Make the table; scores are those of every run."""
    frames = [measured_rows(config, "fig10", "condensation", ("cosine",))]
    words = f"Seed {config['figures']['fig10']['seed']}. {condensation_words(config)}"
    return measured_table(config, "fig10", frames, words)
