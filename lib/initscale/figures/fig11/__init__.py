"""Fig 11: the projections of Fig 5c,d for every depth and gamma; ``fig11`` with t-SNE, ``fig11_pca`` with PCA."""

PICTURES = ("fig11", "fig11_pca")
PROBES = ("embedding",)
