"""How sharp attention is, and which elementary operation a layer does (arXiv 2303.06296, 2401.08309, 2405.15302)."""

NEEDS = ("anchor_pairs",)
