"""Fig 7a,b: steps to converge and test accuracy on PrOntoQA against the number of training items."""

from initscale.files.parts import Part

TABLES = {
    "runs": Part("source", ("run",)),
    "paper": Part(
        "source",
        ("paper",),
        without=(
            "std",
            "seed",
            "converged",
            "steps_at_least",
            "accuracy_own",
            "train_loss",
            "thought_loss",
            "memorized",
            "step",
            "shortcut",
        ),
    ),
}
