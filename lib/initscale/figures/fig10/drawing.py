"""Fig 10: the cosine matrices of Fig 5a,b for every depth and gamma.

The paper's caption says that condensation grows "as the scale increases" where gamma increases, that is, where the
initial weights shrink. Here the columns say gamma.
"""

from __future__ import annotations

import pyarrow as pa
from matplotlib.figure import Figure

from initscale.figures.panels.single_runs import NEEDS, cosine_grid

__all__ = ["NEEDS", "draw"]


def draw(table: pa.Table, options: dict) -> dict[str, Figure]:
    """A grid of matrices, gamma on columns and depth on rows."""
    return {"fig10": cosine_grid(table, options["cosine_map"])}
