"""What is run: points of a grid, durations, and where the files of a run lie."""
