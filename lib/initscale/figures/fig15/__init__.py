"""Fig 15: the cosine matrices of Fig 5a,b for every learning rate and weight decay, both (3,4) and (4,3) unseen."""

PROBES = ("condensation",)
