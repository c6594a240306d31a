"""Where the parts of the repository lie: the only place that counts folders upwards from a file."""

from __future__ import annotations

from pathlib import Path

PACKAGE = Path(__file__).resolve().parent
"""Folder of this package."""
LIBRARY = PACKAGE.parent
"""Folder from which the package is imported."""
REPOSITORY = LIBRARY.parent
CONFIG_FOLDER = REPOSITORY / "config"
REFERENCE = REPOSITORY / "results" / "reference"
PAGE = PACKAGE / "report" / "page"
"""Template, style and script of the report."""
