"""Training curves (beyond the paper): when each run finds its answer to the unseen pair, over gamma and depth."""
