"""Fig 3: where information flows in the two phases, and the fused states of mirrored pairs."""

from initscale.files.parts import Part

PROBES = ("flow", "parallel", "circuits")
TABLES = {
    "attention": Part(
        "kind",
        ("flow",),
        without=(
            "panel",
            "query",
            "source",
            "query_token",
            "source_token",
            "score",
            "x",
            "y",
            "anchor_1",
            "anchor_2",
            "perplexity",
        ),
    ),
    "displayed": Part("kind", ("displayed",), without=("score", "x", "y", "anchor_1", "anchor_2", "perplexity")),
    "scores": Part(
        "kind",
        ("score",),
        without=(
            "panel",
            "layer",
            "head",
            "query_role",
            "source_role",
            "query",
            "source",
            "query_token",
            "source_token",
            "x",
            "y",
            "anchor_1",
            "anchor_2",
            "perplexity",
        ),
    ),
    "states": Part(
        "kind",
        ("tsne",),
        without=(
            "layer",
            "head",
            "query_role",
            "source_role",
            "query",
            "source",
            "query_token",
            "source_token",
            "score",
            "value",
        ),
    ),
}
