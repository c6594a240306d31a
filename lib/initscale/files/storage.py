"""Reading and writing results: atomic writes, checked reads, content hashes. Nothing is pickled.

A file appears under its name only when it is complete: it is written beside it under a temporary name, flushed
to disk and renamed. A full disk or a kill therefore never leaves a half-written result.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from initscale.errors import InputError, OutputError
from initscale.files.how_to_make import making_hint, remaking_hint


@contextlib.contextmanager
def atomic_path(path: str | Path) -> Iterator[Path]:
    """Give a temporary path in the same folder; on success move it to ``path``, on failure remove it.

    Operating-system errors become one clear ``OutputError``.
    """
    path = Path(path)
    with _writing(path):
        path.parent.mkdir(parents=True, exist_ok=True)
        part = path.with_name(f".{path.name}.{os.getpid()}.part")
        try:
            yield part
            _flush(part)
            os.replace(part, path)
        except BaseException:
            with contextlib.suppress(OSError):
                part.unlink()
            raise


@contextlib.contextmanager
def _writing(path: str | Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        reason = error.strerror or str(error)
        raise OutputError(
            f"cannot be written ({reason})",
            where=str(path),
            hint="check free space, quota and permissions there, then run the same command again; what was finished "
            "or saved before is kept",
        ) from error


def _flush(path: Path) -> None:
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def write_json(path: str | Path, content: Mapping) -> None:
    """Write a mapping as JSON, with sorted keys and two-space indents."""
    with atomic_path(path) as part:
        part.write_text(json.dumps(content, indent=2, sort_keys=True, allow_nan=False) + "\n", encoding="utf-8")


Kinds = Mapping[str, type | tuple[type, ...]]


def read_json(path: str | Path, needs: Kinds | None = None) -> dict:
    """Read a JSON object.

    Parameters
    ----------
    path : the file.
    needs : keys that the reader uses -> what each must be; ``a.b`` is the key ``b`` of the object ``a``.

    Raises
    ------
    InputError if the file is missing, damaged, no JSON object, or lacks a key.
    """
    with _reading(path):
        content = json.loads(Path(path).read_text(encoding="utf-8"))
    if not isinstance(content, dict):
        raise InputError(
            f"is damaged (a JSON object is wanted, not {type(content).__name__})",
            where=str(path),
            hint=remaking_hint(path),
        )
    for key, kind in (needs or {}).items():
        value = content
        for part in key.split("."):
            value = value.get(part) if isinstance(value, dict) else None
        if not isinstance(value, kind):
            found = "it is missing" if value is None else f"it is {str(value)[:40]!r}"
            raise InputError(f"is damaged (no usable `{key}`: {found})", where=str(path), hint=remaking_hint(path))
    return content


def write_table(path: str | Path, table: pa.Table, metadata: Mapping[str, str] | None = None) -> None:
    """Write an Arrow table as Parquet (zstd), with extra key-value metadata."""
    known = table.schema.metadata or {}
    extra = {key.encode(): value.encode() for key, value in (metadata or {}).items()}
    with atomic_path(path) as part:
        pq.write_table(table.replace_schema_metadata({**known, **extra}), part, compression="zstd")


def read_table(path: str | Path, columns: Iterable[str] | None = None) -> pa.Table:
    """Read a Parquet file.

    Parameters
    ----------
    path : the file.
    columns : columns to read, in this order; None reads all.

    Raises
    ------
    InputError if the file is missing, damaged or lacks a column.
    """
    with _reading(path):
        names = pq.read_schema(path).names
    wanted = list(names if columns is None else columns)
    missing = [name for name in wanted if name not in names]
    if missing:
        hint = f"it was made with other settings or by another version of the code: {remaking_hint(path)}"
        raise InputError(f"has no column `{missing[0]}` (it has {', '.join(names)})", where=str(path), hint=hint)
    with _reading(path):
        return pq.read_table(path, columns=wanted)


@contextlib.contextmanager
def _reading(path: str | Path) -> Iterator[None]:
    try:
        yield
    except FileNotFoundError as error:
        raise InputError("does not exist", where=str(path), hint=making_hint(path)) from error
    except PermissionError as error:
        hint = f"`ls -l {path}` shows who may; `chmod u+r` gives the right to its owner"
        raise InputError("may not be read (permission denied)", where=str(path), hint=hint) from error
    except (pa.ArrowException, OSError, ValueError, RecursionError) as error:
        detail = " ".join(str(error).split())[:200]
        raise InputError(
            f"is damaged or not of the right kind ({detail})", where=str(path), hint=remaking_hint(path)
        ) from error


def content_hash(tables: Mapping[str, pa.Table]) -> str:
    """SHA-256 of names and values of tables, independent of file format, compression and platform."""
    digest = hashlib.sha256()
    for name, table in sorted(tables.items()):
        for column in table.column_names:
            digest.update(f"{name}/{column}\n".encode())
            digest.update(_column_bytes(table[column]))
    return digest.hexdigest()


def _column_bytes(column: pa.ChunkedArray) -> bytes:
    kind = column.type
    if pa.types.is_dictionary(kind) or pa.types.is_string(kind) or pa.types.is_large_string(kind):
        return "\n".join(str(value) for value in column.to_pylist()).encode()
    values = column.to_numpy()
    return values.astype(values.dtype.newbyteorder("<"), copy=False).tobytes()


def file_hash(path: str | Path) -> str:
    """SHA-256 of a file's bytes."""
    with _reading(path), open(path, "rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()
