"""fig_measures: every score of every probe against gamma, and against the answer among runs of equal gamma."""

from initscale.figures.fig_scores import SOURCES as PAPER

COMPANIONS = ("fig_change", "fig_attention", "fig_sharpness", "fig_lidar", "fig_reward")
SOURCES = (*PAPER, *COMPANIONS)
"""Figures whose tables it reads."""
