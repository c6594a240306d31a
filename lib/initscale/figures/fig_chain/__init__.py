"""Chain (companion, arXiv 2405.15302): whether a model learns to match tokens, over the initialization."""
