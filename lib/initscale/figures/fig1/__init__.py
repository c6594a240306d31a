"""Fig 1: the two-anchor task, what every pair is taught, and the two answers to the unseen pair."""
