"""Modular addition: accuracy on pairs that were not taught, and frequencies of the embeddings."""

PROBES = ("fourier",)
