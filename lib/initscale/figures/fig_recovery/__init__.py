"""Recovery (companion, arXiv 2307.08921, 2211.11623): how many samples a model of too many parameters needs."""
