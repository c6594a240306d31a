"""The causal check: what models of each phase still answer when attention along a path is blocked."""

from initscale.files.parts import Part

PROBES = ("circuits",)
TABLES = {
    "accuracies": Part("score", (None,), without=("score",)),
    "scores": Part("score", without=("path", "layer", "group", "measure", "n")),
}
