"""fig_change: rank and size of what training adds to the weights, against gamma."""

PROBES = ("change",)
