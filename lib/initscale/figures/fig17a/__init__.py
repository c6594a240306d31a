"""Fig 17a: accuracy on the held-out block of a + b, from scratch and continued from another task's model."""
