"""Fig 9: the split by key value and position, counted in the generated data."""
