"""Whether attention matches equal tokens, for tokens of the training and for new ones (arXiv 2405.15302)."""

NEEDS = ("new_tokens",)
