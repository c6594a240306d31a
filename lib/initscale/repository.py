"""Where the parts of the repository lie, in a checkout or in an installed wheel: the only place that looks.

A wheel has copies of ``config`` and ``results/reference`` inside the package (setup.py), and nothing else of the
repository.
"""

from __future__ import annotations

from pathlib import Path

from initscale.errors import ConfigError

PACKAGE = Path(__file__).resolve().parent
"""Folder of this package."""
LIBRARY = PACKAGE.parent
"""Folder from which the package is imported."""
REPOSITORY = LIBRARY.parent
IN_CHECKOUT = LIBRARY.name == "lib" and (REPOSITORY / "pyproject.toml").is_file()
"""Whether the folders around the package are the project's own."""
_SHIPPED = REPOSITORY if IN_CHECKOUT else PACKAGE / "shipped_files"
CONFIG_FOLDER = _SHIPPED / "config"
REFERENCE = _SHIPPED / "results" / "reference"
PAGE = PACKAGE / "report" / "page"
"""Template, style and script of the report."""


def checkout() -> Path:
    """The checkout, for commands that write into the project's own files.

    Raises
    ------
    ConfigError where the package was installed from a wheel.
    """
    if not IN_CHECKOUT:
        raise ConfigError(
            "this command writes into the project's own files, and the package was installed without them",
            where=str(PACKAGE),
            hint="run it in a clone of the repository",
        )
    return REPOSITORY
