"""Training of one run or of a bundle of equal shape: recipe, optimiser, history, resume."""
