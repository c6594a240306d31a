"""Fig 4: cosines of fused vectors v(x; a1, a2) and of single-anchor vectors u(x; a1)."""

PROBES = ("parallel", "circuits")
