"""Which scores tell the phases apart: every score of Figs 3, 4, 5, 12 and the causal check, by the phase of the run."""

from initscale.files.parts import Part

SOURCES = ("fig3", "fig4", "fig5", "fig12", "fig_circuits")
"""Figures whose tables it reads."""
TABLES = {
    "runs": Part("kind", ("run",), without=("low", "high", "p", "n", "seeds")),
    "phases": Part("kind", ("phase",), without=("gamma", "depth", "seed", "lr", "weight_decay", "p")),
    "separations": Part("kind", ("separation",), without=("phase", "gamma", "depth", "seed", "lr", "weight_decay")),
}
