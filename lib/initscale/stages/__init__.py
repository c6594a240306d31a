"""The stages of the pipeline as functions with plain arguments; scripts and the command line call them."""
