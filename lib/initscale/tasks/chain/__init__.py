"""Two-step reasoning along a chain of shuffled edges."""
