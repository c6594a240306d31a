"""Fig 14: inferential accuracy over learning rate and weight decay, with the rank correlation along each axis."""

from initscale.files.parts import Part

ONE_ANSWER = True
"""Its unseen pair need not have a symmetric answer."""
TABLES = {
    "runs": Part("kind", ("run",), without=("axis", "held", "value", "low", "high", "confidence", "n")),
    "correlations": Part(
        "kind",
        ("rank_correlation",),
        without=("gamma", "depth", "lr", "weight_decay", "seed", "accuracy", "seen_accuracy", "step", "tested"),
    ),
}
