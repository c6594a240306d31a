"""Training curves of any study: loss and accuracies of every run; `curves_STUDY` is made by that name."""
