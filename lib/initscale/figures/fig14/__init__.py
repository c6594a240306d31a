"""Fig 14: inferential accuracy over learning rate and weight decay, with the rank correlation along each axis."""

ONE_ANSWER = True
"""Its unseen pair need not have a symmetric answer."""
