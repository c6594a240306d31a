"""Where this code lies, and whether it is the one that belongs to a folder."""

from __future__ import annotations

from pathlib import Path

from initscale.errors import ConfigError
from initscale.repository import PACKAGE, REPOSITORY


def check_clone(folder: Path) -> None:
    """Refuse to work in a folder that lies in another clone of this project than the imported code.

    Parameters
    ----------
    folder : a folder, such as the working directory or that of the Snakefile.

    Raises
    ------
    ConfigError
    """
    folder = folder.resolve()
    for clone in (folder, *folder.parents):
        beside = clone / "lib" / "initscale"
        if not (beside / "__init__.py").is_file():
            continue
        if not beside.samefile(PACKAGE):
            raise ConfigError(
                f"Python imports the package of {REPOSITORY}: results would be made by the other clone's code",
                where=str(clone),
                hint="put `PYTHONPATH=lib` before the command there, or `make install` and activate its environment",
            )
        return
