"""Two-anchor composite functions, the paper's main task."""
