"""Fig 4: cosines of fused vectors v(x; a1, a2) and of single-anchor vectors u(x; a1)."""

from initscale.files.parts import Part

PROBES = ("parallel", "circuits")
TABLES = {
    "cosines": Part("kind", ("fused", "fused_centred", "single", "single_centred")),
    "outputs": Part("kind", ("outputs_of_unseen",), without=("panel", "block", "key_row", "key_column")),
    "scores": Part(
        "kind", without=("panel", "block", "anchors_row", "key_row", "anchors_column", "key_column", "related")
    ),
}
