"""COGS: sentences and logical forms (Figs 6b, 6c)."""
