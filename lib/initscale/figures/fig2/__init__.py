"""Fig 2a,b: accuracy on the unseen pair over gamma and depth, under the symmetric and the inferential mapping."""

PICTURES = ("fig2", "fig2_best")
