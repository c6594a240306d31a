"""Complexity control (companion, arXiv 2501.08537): initialization and weight decay decide together."""

PROBES = ("spectra", "circuits", "commutativity")
