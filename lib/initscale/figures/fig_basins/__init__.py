"""Basins (companion, arXiv 2406.03072): which starts end at a minimum that ignores the context, on Markov chains."""

from initscale.files.parts import Part

_START = ("e", "w", "bad", "bad_closed_form")
_RUN = ("norm", "gamma", "steps", "left_at")
TABLES = {
    "starts": Part("kind", ("start",), without=("part", "std", *_RUN, "value", "closed_form", "error")),
    "runs": Part("kind", ("run",), without=("part", *_START, "closed_form", "error")),
    "agreement": Part("kind", ("agreement",), without=("std", *_START, *_RUN)),
    "bad_shares": Part("kind", ("bad_share",), without=("part", *_START, *_RUN)),
    "losses": Part("kind", ("loss",), without=("std", *_START, *_RUN)),
}
