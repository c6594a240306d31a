"""What is there: which results are current, where a figure comes from, how far a scale is, results from elsewhere."""
