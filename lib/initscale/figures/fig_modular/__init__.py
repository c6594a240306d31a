"""Modular (companion, arXiv 2206.04817): how long generalization lags behind the fit, over the initialization."""

from initscale.files.parts import Part

_MILESTONES = ("fit_step", "generalize_step", "delay", "spikes")
TABLES = {"runs": Part("kind", ("run",)), "courses": Part("kind", ("course",), without=_MILESTONES)}
