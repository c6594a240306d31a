"""fig_measures: every score of every probe against gamma, and against the answer among runs of equal gamma."""

from initscale.figures.fig_scores import SOURCES as PAPER
from initscale.files.parts import Part

COMPANIONS = ("fig_change", "fig_attention", "fig_sharpness", "fig_lidar", "fig_reward")
SOURCES = (*PAPER, *COMPANIONS)
"""Figures whose tables it reads."""
TABLES = {
    "trends": Part("kind", ("trend",), without=("p",)),
    "within": Part("kind", ("within",), without=("seed",)),
    "thresholds": Part("kind", ("threshold",), without=("figure", "score", "part", "seed", "p")),
}
