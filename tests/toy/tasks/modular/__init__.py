"""Modular addition."""
