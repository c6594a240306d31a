"""Fig 13: singular values of every linear layer, one panel per layer, one line per gamma."""

PROBES = ("spectra",)
