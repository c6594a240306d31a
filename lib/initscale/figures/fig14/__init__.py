"""Fig 14: inferential accuracy over learning rate and weight decay, with the rank correlation along each axis."""
