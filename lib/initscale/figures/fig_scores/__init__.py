"""Which scores tell the phases apart: every score of Figs 3, 4, 5, 12 and the causal check, by the phase of the run."""

SOURCES = ("fig3", "fig4", "fig5", "fig12", "fig_circuits")
"""Figures whose tables it reads."""
