"""Which source files a script really uses, so that an edit recomputes what depends on it and nothing else."""

from __future__ import annotations

import ast
import functools
import hashlib
from collections.abc import Iterable
from pathlib import Path

PACKAGE = Path(__file__).resolve().parent


def module_file(name: str) -> Path | None:
    """File of a module of this package, None for modules of others."""
    top, *rest = name.split(".")
    if top != PACKAGE.name:
        return None
    path = PACKAGE.joinpath(*rest)
    return (
        path / "__init__.py" if path.is_dir() else path.with_suffix(".py") if path.with_suffix(".py").exists() else None
    )


@functools.cache
def _direct(path: Path) -> frozenset[Path]:
    """Files of this package that one file imports, anywhere in it, with the packages they lie in."""
    names: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            names.update(alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            names.add(node.module)
            names.update(f"{node.module}.{alias.name}" for alias in node.names)
    with_parents = {".".join(name.split(".")[:i]) for name in names for i in range(1, name.count(".") + 2)}
    return frozenset(file for name in with_parents if (file := module_file(name)))


def used_files(script: str | Path, modules: Iterable[str] = ()) -> list[str]:
    """The script and every module of this package that it imports, directly or not, sorted.

    Parameters
    ----------
    script : a Python file.
    modules : further modules that it imports by name at run time (tasks are).
    """
    found: set[Path] = set()
    waiting = [Path(script), *(file for name in modules if (file := module_file(name)))]
    while waiting:
        path = waiting.pop()
        if path not in found:
            found.add(path)
            waiting.extend(_direct(path))
    return sorted(str(path) for path in found)


def source_hash(files: Iterable[str]) -> str:
    """SHA-256 over the contents of source files, independent of where they lie."""
    digest = hashlib.sha256()
    for path in sorted(Path(file) for file in files):
        digest.update(path.name.encode() + b"\0" + path.read_bytes())
    return digest.hexdigest()
