"""What the Snakefile and its jobs need; nothing here is needed to train, measure or draw."""
