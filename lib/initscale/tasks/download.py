"""Files of others: downloaded from a pinned address or taken from a mirror folder, and checked by SHA-256."""

from __future__ import annotations

import gzip
import hashlib
import urllib.error
import urllib.request
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from initscale.errors import InputError

_SECONDS = 60  # without an answer
_MIRROR = (
    "without network, put the files (as they are, or as .gz) into a folder and name it: "
    "--config 'execution={mirror: FOLDER}'"
)


@dataclass(frozen=True)
class Download:
    """Address and SHA-256 (hexadecimal, of the plain file)."""

    url: str
    sha256: str


def fetch(files: Mapping[str, Download], mirror: str | None) -> dict[str, bytes]:
    """Content of every file.

    Parameters
    ----------
    files : file name -> where it is found.
    mirror : folder with copies of all of them, plain or as ``<name>.gz``; None to download.

    Raises
    ------
    InputError if a file cannot be had or is another one than expected.
    """
    found = {}
    for name, wanted in files.items():
        where = str(Path(mirror) / name) if mirror else wanted.url
        content = _from_mirror(Path(mirror), name) if mirror else _from_network(wanted.url)
        known = hashlib.sha256(content).hexdigest()
        if known != wanted.sha256:
            raise InputError(
                f"is not the expected file (SHA-256 {known}, expected {wanted.sha256})",
                where=where,
                hint=f"take it from {wanted.url}",
            )
        found[name] = content
    return found


def _from_mirror(folder: Path, name: str) -> bytes:
    for path, read in ((folder / name, lambda b: b), (folder / f"{name}.gz", gzip.decompress)):
        if path.exists():
            try:
                return read(path.read_bytes())
            except (OSError, EOFError) as error:
                raise InputError(f"cannot be read ({error})", where=str(path)) from error
    raise InputError(f"has no file {name} or {name}.gz", where=f"the mirror {folder}", hint="see `execution.mirror`")


def _from_network(url: str) -> bytes:
    try:
        with urllib.request.urlopen(url, timeout=_SECONDS) as answer:
            return answer.read()
    except (OSError, urllib.error.URLError) as error:
        raise InputError(f"cannot be downloaded ({error})", where=url, hint=_MIRROR) from error
