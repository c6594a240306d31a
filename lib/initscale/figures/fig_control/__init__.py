"""Complexity control (companion, arXiv 2501.08537): initialization and weight decay decide together."""

from initscale.files.parts import Part

PROBES = ("spectra", "circuits", "commutativity")
_OF_RUNS = (
    *("depth", "seed", "lr", "embedding_std", "accuracy_best", "seen_accuracy", "loss", "commutativity", "rank_query"),
    *("rank_ffn", "rank_embedding", "without_key_to_anchors", "without_anchors_to_last"),
)
TABLES = {"runs": Part("kind", ("run",)), "published": Part("kind", ("published",), without=_OF_RUNS)}
