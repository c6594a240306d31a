"""Fig 6: accuracy on SCAN and COGS against data size, at equal steps and at equal training loss."""
