"""Chain (companion, arXiv 2405.15302): whether a model learns to match tokens, over the initialization."""

from initscale.files.parts import Part

PROBES = ("matching",)
_MATCH = ("match_1_familiar", "match_1_new", "match_2_familiar", "match_2_new")
TABLES = {"runs": Part("kind", ("run",)), "courses": Part("kind", ("course",), without=_MATCH)}
