"""Basins (companion, arXiv 2406.03072): which starts end at a minimum that ignores the context, on Markov chains."""
