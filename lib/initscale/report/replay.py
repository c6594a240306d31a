"""The replay of the authors' own run, drawn from another scale's reference table."""

from __future__ import annotations

import io

from initscale.config.load import load_config
from initscale.experiment.paths import Layout
from initscale.figures import folder_of, load_figure
from initscale.figures.panels.style import style
from initscale.files.storage import read_table
from initscale.report.committed import REPLAY


def drawn_replay(scale: str) -> list[dict]:
    """Pictures of the replay from the reference table of a scale: ``stem`` and PNG ``content``."""
    config = load_config({"scale": scale, "source": "reference"})
    module, options = load_figure(folder_of(config, REPLAY), "drawing"), config["figures"]
    table = read_table(Layout(config).table(REPLAY), module.NEEDS)
    with style(options["style"]):
        drawn = module.draw(table, options[REPLAY] | options["style"])
        return [{"stem": stem, "content": _png(drawn[stem])} for stem in drawn]


def _png(figure) -> bytes:
    buffer = io.BytesIO()
    figure.savefig(buffer, format="png", bbox_inches="tight")
    return buffer.getvalue()
