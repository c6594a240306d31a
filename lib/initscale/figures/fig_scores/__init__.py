"""Which scores tell the phases apart: every score of Figs 3, 4, 5, 12 and the causal check, by the phase of the run."""
