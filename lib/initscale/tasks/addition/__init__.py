"""Sums of two numbers with a block of pairs held out (Fig 17a)."""
