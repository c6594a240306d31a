"""Fig 16: the projections of Fig 5c,d for every learning rate and weight decay, both (3,4) and (4,3) unseen."""

PICTURES = ("fig16", "fig16_pca")
PROBES = ("embedding",)
