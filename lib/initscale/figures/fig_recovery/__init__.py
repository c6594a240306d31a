"""Recovery (companion, arXiv 2307.08921, 2211.11623): how many samples a model of too many parameters needs."""

from initscale.files.parts import Part

TABLES = {
    "matrices": Part("kind", ("matrix", "fitted"), without=("part",)),
    "thresholds": Part("kind", ("samples",), without=("samples", "excess")),
    "networks": Part("kind", ("tanh",), without=("part", "entries")),
}
