"""Stage figure: pictures from a table."""

from __future__ import annotations

from initscale.experiment.paths import Layout
from initscale.figures import folder_of, load_figure, own_stem
from initscale.figures.panels.style import save_figure, style
from initscale.files.parts import read_whole
from initscale.records.lineage import write_sidecar


def draw(config: dict, figure: str) -> list[str]:
    """Draw ``figure`` from its table as PDF and PNG, and say in a JSON where they come from; return the pictures."""
    layout, options = Layout(config), config["figures"]
    folder = folder_of(config, figure)
    module = load_figure(folder, "drawing")
    table = read_whole(layout.table(figure), module.NEEDS)
    written = []
    with style(options["style"]):
        for stem, picture in module.draw(table, options[figure] | options["style"]).items():
            for suffix in ("pdf", "png"):
                written.append(layout.figure(own_stem(stem, folder, figure), suffix))
                save_figure(picture, written[-1])
    write_sidecar(config, figure, written)
    return written
