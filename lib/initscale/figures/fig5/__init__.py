"""Fig 5: condensation of W_Q in layer 1 (a, b) and structure of the item embeddings (c, d), one run per phase."""
