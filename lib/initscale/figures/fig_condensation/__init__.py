"""Condensation (companion, arXiv 2105.11686): whether the neurons of a small network gather in a few directions."""
