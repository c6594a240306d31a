"""Fig 5: condensation of W_Q in layer 1 (a, b) and structure of the item embeddings (c, d), one run per phase."""

PICTURES = ("fig5", "fig5_pca")
PROBES = ("condensation", "embedding")
ONE_ANSWER = True
"""Its unseen pair need not have a symmetric answer."""
