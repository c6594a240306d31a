"""Fig 3: where information flows in the two phases, and the fused states of mirrored pairs."""

PROBES = ("flow", "parallel", "circuits")
