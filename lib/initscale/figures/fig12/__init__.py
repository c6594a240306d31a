"""Fig 12: eigenvalues of the covariance of the item embeddings, for several gammas (a) and over a training (b)."""

PROBES = ("spectra",)
