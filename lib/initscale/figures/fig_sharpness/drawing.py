"""fig_sharpness: curvature where runs end, and how far their tangent kernel and output moved, against gamma."""

from __future__ import annotations

import matplotlib.pyplot as plt
import pandas as pd
import pyarrow as pa
from matplotlib.figure import Figure

from initscale.figures.panels.companions import NEEDS, Series, gamma_panel, level, of_depth, phase_legend
from initscale.figures.panels.single_runs import rate_text
from initscale.figures.panels.style import add_caption

_PANELS = (
    ("lambda_max", r"(a) $\lambda_{max}$ of the Hessian", True),
    ("lambda_preconditioned", r"(b) preconditioned $\lambda_{max}$", True),
    ("kernel_cosine", "(c) cosine of tangent kernels", False),
    ("output_relative", "(d) output norm / its first value", True),
)

__all__ = ["NEEDS", "draw"]
_STABLE = {"lambda_max": 2.0, "lambda_preconditioned": 38.0}
"""Times 1 / rate: gradient descent, and Adam with beta1 = 0.9, diverge above."""


def draw(table: pa.Table, options: dict) -> dict[str, Figure]:
    """Four scores; dashed: where the peak rate would be unstable."""
    data = of_depth(table.to_pandas(), options)
    figure, axes = plt.subplots(1, 4, figsize=(10.5, 3.0), layout="constrained")
    for axis, (quantity, title, log) in zip(axes, _PANELS, strict=True):
        gamma_panel(axis, data, [Series(quantity)], title, log)
        for rate in sorted(data["lr"].unique()) if quantity in _STABLE else ():
            level(axis, _STABLE[quantity] / rate, f"{_STABLE[quantity]:g} / {rate_text(rate)}")
    axes[2].set_ylim(None, 1.02)
    level(axes[3], 1.0, "unchanged")
    phase_legend(figure, data)
    add_caption(figure, table, f"Depth {options['depth']}. {_quality(data)}")
    return {"fig_sharpness": figure}


def _quality(data: pd.DataFrame) -> str:
    """How many eigenvalues converged, and what they took."""
    values = data[data["quantity"].isin(_STABLE)]["value"]
    products = data[data["quantity"] == "products"]["value"]
    converged = f"{values.notna().sum()} of {len(values)} eigenvalues converged"
    return f"{converged} ({products.min():.0f} to {products.max():.0f} Hessian products each)."
