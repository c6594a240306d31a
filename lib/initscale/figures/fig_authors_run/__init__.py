"""The authors' own run, replayed (beyond the paper): their log and our training from the same seed, epoch by epoch."""

PICTURES = ("fig_authors_run", "fig_authors_run_small")
