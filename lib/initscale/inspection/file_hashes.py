"""SHA-256 of result files, remembered by size and time, so that a look at thousands of runs takes a second."""

from __future__ import annotations

import contextlib
import json
from pathlib import Path

from initscale.errors import InitscaleError
from initscale.files.storage import file_hash, write_json

NAME = ".hashes.json"


class FileHashes:
    """Hashes of files below a folder.

    Parameters
    ----------
    root : the folder; the memory is kept in it and travels with it. A copied file has another time, so it is read
    again.
    """

    def __init__(self, root: str | Path):
        self.root, self.changed = Path(root), False
        self.memory: dict[str, list] = {}
        with contextlib.suppress(OSError, ValueError):  # no memory, or a damaged one: everything is read again
            content = json.loads((self.root / NAME).read_text(encoding="utf-8"))
            self.memory = content if isinstance(content, dict) else {}

    def sha256(self, path: str | Path) -> str | None:
        """Hash of a file's bytes; None if it cannot be read."""
        path = Path(path)
        try:
            stat = path.stat()
            key = str(path.relative_to(self.root)) if path.is_relative_to(self.root) else str(path)
            entry = self.memory.get(key)
            if isinstance(entry, list) and entry[:2] == [stat.st_size, stat.st_mtime_ns]:
                return entry[2]
            digest = file_hash(path)
        except (OSError, InitscaleError):
            return None
        self.memory[key], self.changed = [stat.st_size, stat.st_mtime_ns, digest], True
        return digest

    def save(self) -> None:
        """Keep what was learnt; where nothing can be written it is learnt again next time."""
        if self.changed and self.root.is_dir():
            with contextlib.suppress(InitscaleError, OSError):
                write_json(self.root / NAME, self.memory)
            self.changed = False
