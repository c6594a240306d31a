"""Calibration: both accuracies against gamma, one panel per setting that was changed."""
