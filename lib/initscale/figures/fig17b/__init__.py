"""Fig 17b: held-out loss of language models on code and on code with prose, for several gammas."""

from initscale.files.parts import Part

TABLES = {
    "runs": Part("source", ("run",)),
    "paper": Part(
        "source", ("paper",), without=("std", "seed", "step", "seen", "loss_code", "loss_prose", "bits", "perplexity")
    ),
}
