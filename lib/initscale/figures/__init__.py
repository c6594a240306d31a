"""From tables to pictures: module ``figN`` draws results/<scale>/figures/figN.pdf and .png from its table alone.

Each module offers ``NEEDS``, the columns it reads, and ``draw(table, options)``, which returns matplotlib
figures by file stem. A figure that draws more than one picture names its stems in ``STEMS``.
"""

import os

os.environ["MPLBACKEND"] = "Agg"  # pictures go into files; a notebook's setting would stop matplotlib's import

STEMS = {
    "fig2": ("fig2", "fig2_best"),
    "fig5": ("fig5", "fig5_pca"),
    "fig11": ("fig11", "fig11_pca"),
    "fig16": ("fig16", "fig16_pca"),
    "fig_authors_run": ("fig_authors_run", "fig_authors_run_small"),
}


def stems(figure: str) -> tuple[str, ...]:
    """File stems of the pictures of a figure."""
    return STEMS.get(figure, (figure,))


def pictures_of(layout, figure: str) -> list[str]:
    """Every file that is drawn of a figure; ``layout`` is the ``initscale.experiment.paths.Layout`` of the scale."""
    return [layout.figure(stem, suffix) for stem in stems(figure) for suffix in ("pdf", "png")]
