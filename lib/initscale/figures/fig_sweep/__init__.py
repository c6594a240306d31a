"""A sweep of one's own over gamma: accuracy of every split, loss, and what became of the weights."""

PROBES = ("layers",)
