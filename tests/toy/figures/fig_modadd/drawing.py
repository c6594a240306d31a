"""Modular addition: accuracy on pairs that were not taught, and frequencies of the embeddings."""

from __future__ import annotations

import matplotlib.pyplot as plt
import pyarrow as pa
from matplotlib.figure import Figure

NEEDS = ("gamma", "test", "top_share")


def draw(table: pa.Table, options: dict) -> dict[str, Figure]:
    data = table.to_pandas()
    figure, axes = plt.subplots(1, 2)
    for axis, name in zip(axes, ("test", "top_share"), strict=True):
        axis.plot(data["gamma"], data[name], "o")
        axis.set_ylabel(name)
    return {"fig_modadd": figure}
