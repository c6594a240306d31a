"""Modular arithmetic with a part of all equations taught."""
