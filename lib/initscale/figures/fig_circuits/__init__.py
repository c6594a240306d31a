"""The causal check: what models of each phase still answer when attention along a path is blocked."""

PROBES = ("circuits",)
