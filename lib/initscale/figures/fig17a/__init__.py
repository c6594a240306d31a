"""Fig 17a: accuracy on the held-out block of a + b, from scratch and continued from another task's model."""

from initscale.files.parts import Part

TABLES = {
    "runs": Part("source", ("run",)),
    "paper": Part(
        "source",
        ("paper",),
        without=(
            "study",
            "gamma",
            "seed",
            "accuracy_equal_loss",
            "test_accuracy",
            "loss",
            "step",
            "equal_loss",
            "equal_loss_step",
        ),
    ),
}
