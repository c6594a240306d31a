"""Transformers, their initialization, and an exact fast evaluation of many of them at once."""
