"""``python -m initscale``: every stage without Snakemake."""

import sys

from initscale.cli.main import main

if __name__ == "__main__":
    sys.exit(main())
