"""A sequence drawn as a row of boxes: key, anchors and noise each in their colour."""

from __future__ import annotations

from matplotlib.axes import Axes
from matplotlib.offsetbox import AnchoredOffsetbox, HPacker, TextArea
from matplotlib.patches import FancyBboxPatch

from initscale.figures.panels.style import ANCHOR_1, ANCHOR_2, FAINT, INK, KEY, NOISE


def token_colour(index: int, position: int) -> str:
    """Colour of the token at ``index`` when the key stands at ``position``."""
    return {0: KEY, 1: ANCHOR_1, 2: ANCHOR_2}.get(index - position, NOISE)


def draw_sequence(axis: Axes, tokens: str, position: int, x: float, y: float, size: float = 1.0) -> float:
    """Draw blank-separated tokens from (x, y) to the right; return the x behind the last box."""
    for index, token in enumerate(tokens.split()):
        colour = token_colour(index, position)
        left = x + index * 1.08 * size
        box = FancyBboxPatch(
            (left, y - 0.42 * size),
            size,
            0.84 * size,
            boxstyle=f"round,pad=0,rounding_size={0.15 * size}",
            facecolor=colour,
            alpha=0.30 if colour == NOISE else 0.85,
            edgecolor="none",
        )
        axis.add_patch(box)
        axis.text(
            left + size / 2,
            y,
            token,
            ha="center",
            va="center",
            color=INK if colour in (NOISE, ANCHOR_2) else "white",
            fontweight="normal" if colour == NOISE else "bold",
        )
    return x + len(tokens.split()) * 1.08 * size


def blank(axis: Axes, width: float, height: float) -> None:
    """An empty drawing area of the given size, in units of one token box."""
    axis.set(xlim=(0, width), ylim=(0, height), aspect="equal")
    axis.axis("off")


def pair_axes(axis: Axes, anchors: list[int], title: str) -> None:
    """Axes of a grid of anchor pairs: one cell per pair, the first anchor downwards."""
    ticks = range(len(anchors))
    axis.set(xlim=(-0.5, len(anchors) - 0.5), ylim=(len(anchors) - 0.5, -0.5), aspect="equal")
    axis.set_xticks(ticks, anchors)
    axis.set_yticks(ticks, anchors)
    axis.set_xlabel("second anchor")
    axis.set_ylabel("first anchor")
    axis.set_title(title, loc="left")
    axis.spines[:].set_visible(False)
    axis.tick_params(length=0)


def legend_words(axis: Axes) -> None:
    """Name the colours of the boxes, in one line at the bottom of the axes."""
    words = [("key", KEY), ("anchor 1", ANCHOR_1), ("anchor 2", "#3A8FC4"), ("noise", FAINT)]
    parts = [TextArea(word, textprops={"color": colour, "fontweight": "bold"}) for word, colour in words]
    line = HPacker(children=parts, pad=0, sep=14, align="baseline")
    axis.add_artist(AnchoredOffsetbox("lower left", child=line, pad=0, borderpad=0, frameon=False))
