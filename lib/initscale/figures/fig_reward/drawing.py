"""fig_reward: what is left of a policy gradient towards the composed answer, against gamma."""

from __future__ import annotations

import matplotlib.pyplot as plt
import pyarrow as pa
from matplotlib.figure import Figure

from initscale.figures.panels.companions import NEEDS, Series, gamma_panel, level, of_depth, phase_legend
from initscale.figures.panels.style import add_caption

__all__ = ["NEEDS", "draw"]

_GRADIENTS = [Series("policy_gradient", "", "policy"), Series("supervised_gradient", "", "supervised")]


def draw(table: pa.Table, options: dict) -> dict[str, Figure]:
    """Probability of the answer, share of inputs without reward variance, both gradients and their ratio."""
    data = of_depth(table.to_pandas(), options)
    figure, axes = plt.subplots(1, 4, figsize=(10.5, 3.0), layout="constrained")
    gamma_panel(axes[0], data, [Series("median_probability")], "(a) median probability", log=True)
    gamma_panel(axes[1], data, [Series("vanishing")], "(b) share without variance")
    gamma_panel(axes[2], data, _GRADIENTS, "(c) norm of the gradient", log=True)
    gamma_panel(axes[3], data, [Series("gradient_ratio")], "(d) supervised / policy", log=True)
    axes[1].set_ylim(-0.04, 1.04)
    level(axes[3], 1.0, "equal")
    phase_legend(figure, data)
    words = (
        f"Depth {options['depth']}. Exact gradients at the end of the training; a run that is sure of another answer "
        "has a small probability by definition, so the ratio is what compares runs."
    )
    add_caption(figure, table, words)
    return {"fig_reward": figure}
