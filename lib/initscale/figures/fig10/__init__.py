"""Fig 10: the cosine matrices of Fig 5a,b for every depth and gamma."""

PROBES = ("condensation",)
