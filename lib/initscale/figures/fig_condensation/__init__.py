"""Condensation (companion, arXiv 2105.11686): whether the neurons of a small network gather in a few directions."""

from initscale.files.parts import Part

TABLES = {
    "runs": Part("kind", ("run",), without=("neuron", "along", "amplitude")),
    "neurons": Part("kind", ("neuron",), without=("groups", "pair_share")),
}
