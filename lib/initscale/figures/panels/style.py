"""The common look: fonts, colours that colour-blind readers can tell apart, captions, reproducible files."""

from __future__ import annotations

import contextlib
import textwrap
from collections.abc import Iterator
from pathlib import Path

import matplotlib

matplotlib.use("Agg")

import matplotlib.pyplot as plt
import pyarrow as pa
import seaborn as sns
from matplotlib.figure import Figure

from initscale.files.storage import atomic_path

# Okabe-Ito colours by meaning; the same meaning has the same colour in every figure
KEY, ANCHOR_1, ANCHOR_2, NOISE = "#D55E00", "#0072B2", "#56B4E9", "#BBBBBB"
SYMMETRIC, INFERENTIAL, SEEN = "#E69F00", "#009E73", "#0072B2"
INK, FAINT = "#222222", "#777777"


@contextlib.contextmanager
def style(options: dict) -> Iterator[None]:
    """Apply the ``figures.style`` section inside the block; all figures are closed behind it."""
    size = options["font_size"]
    rc = {
        "font.size": size,
        "axes.titlesize": size + 1,
        "axes.labelsize": size,
        "xtick.labelsize": size - 1,
        "ytick.labelsize": size - 1,
        "legend.fontsize": size - 1,
        "savefig.dpi": options["dpi"],
        "pdf.fonttype": 42,  # text stays text
        "svg.fonttype": "none",
        "text.color": INK,
        "axes.labelcolor": INK,
    }
    with plt.rc_context():
        matplotlib.rcdefaults()  # a user's matplotlibrc must not show in the figures
        with sns.plotting_context("paper"), sns.axes_style("ticks"), plt.rc_context(rc):
            try:
                yield
            finally:
                plt.close("all")


def add_caption(figure: Figure, table: pa.Table, extra: str = "") -> None:
    """Print ``extra`` and the table's own caption below the figure in small type."""
    text = (table.schema.metadata or {}).get(b"caption", b"").decode()
    size = plt.rcParams["font.size"] - 2
    characters = int(figure.get_figwidth() * 72 / (size * 0.52))
    figure.draw_without_rendering()  # the layout is final before the caption is placed below it
    lowest = figure.get_tightbbox().y0 / figure.get_figheight()
    lines = textwrap.fill(f"{extra} {text}".strip(), characters)
    caption = figure.text(0.01, lowest - 0.03, lines, ha="left", va="top", fontsize=size, color=FAINT)
    caption.set_in_layout(False)
    caption.set_linespacing(1.3)


def save_figure(figure: Figure, path: str) -> None:
    """Write a figure without a date, so that equal figures are equal files on one machine."""
    suffix = Path(path).suffix[1:]
    metadata = {"pdf": {"CreationDate": None}, "svg": {"Date": None}}.get(suffix)
    with atomic_path(path) as part:
        box = figure.get_tightbbox(bbox_extra_artists=figure.get_default_bbox_extra_artists() + figure.texts)
        figure.savefig(part, format=suffix, bbox_inches=box.padded(0.08), metadata=metadata)
