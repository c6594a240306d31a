"""Modular (companion, arXiv 2206.04817): how long generalization lags behind the fit, over the initialization."""
