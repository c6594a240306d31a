"""fig_lidar: number of directions that tell the classes apart, and of all directions, against gamma."""

from __future__ import annotations

import matplotlib.pyplot as plt
import pyarrow as pa
from matplotlib.figure import Figure

from initscale.figures.panels.companions import NEEDS, gamma_panel, layers, of_depth, phase_legend, std_ticks
from initscale.figures.panels.style import add_caption

__all__ = ["NEEDS", "draw"]


def draw(table: pa.Table, options: dict) -> dict[str, Figure]:
    """LiDAR on the left, effective rank of the covariance on the right, a line per layer."""
    data = of_depth(table.to_pandas(), options)
    figure, axes = plt.subplots(1, 2, figsize=(7.0, 3.3), sharey=True, layout="constrained")
    gamma_panel(axes[0], data, layers("lidar", options["depth"]), "(a) LiDAR", log=True)
    gamma_panel(axes[1], data, layers("effective_rank", options["depth"]), "(b) effective rank", log=True)
    for axis in axes:
        std_ticks(axis, data)
        axis.set_title(axis.get_title("left"), loc="left", pad=8)
        axis.set_yticks([1, 2, 5, 10, 20, 50], ["1", "2", "5", "10", "20", "50"])
        axis.minorticks_off()
    axes[0].set_ylabel("directions")
    phase_legend(figure, data)
    classes = data.loc[data["quantity"] == "classes", "value"]
    add_caption(
        figure,
        table,
        f"Depth {options['depth']}. State of the last token behind each layer, {classes.max():.0f} classes.",
    )
    return {"fig_lidar": figure}
