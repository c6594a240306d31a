"""fig_dynamics: when rank, attention, sharpness, norm and accuracy move during a training, by gamma."""

PROBES = ("dynamics",)
