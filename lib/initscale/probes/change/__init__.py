"""Rank and size of what training adds to the weights (beyond the paper; arXiv 2306.07042 and 2305.13141)."""
