"""Fig 6: accuracy on SCAN and COGS against data size, at equal steps and at equal training loss."""

from initscale.files.parts import Part

TABLES = {
    "runs": Part("source", ("run",)),
    "paper": Part(
        "source",
        ("paper",),
        without=(
            "seed",
            "accuracy_equal_loss",
            "accuracy_forced",
            "ceiling",
            "loss",
            "step",
            "equal_loss",
            "equal_loss_step",
        ),
    ),
}
