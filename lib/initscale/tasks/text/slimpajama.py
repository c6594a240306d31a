"""Documents from shards: compressed JSON lines at a pinned revision, over the network or from a folder that mirrors it.

A line is ``{"text": ..., "meta": {"redpajama_set_name": ...}}``, as in SlimPajama. One shard at a time is fetched,
compared with its checksum, read and dropped, so neither disk nor memory grow with the corpus. A reader that was killed
goes on at the document behind the last one it kept (``Position``).

A mirror has the shards under the same relative paths, and two files: ``REVISION`` with the revision it holds and
``SHA256SUMS`` as ``sha256sum`` writes it.
"""

from __future__ import annotations

import contextlib
import hashlib
import http.client
import io
import json
import re
import tempfile
import urllib.error
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import BinaryIO, NamedTuple

import pyarrow as pa

from initscale.errors import InputError

_SUFFIXES = {".zst": "zstd", ".gz": "gzip"}
_SECONDS = 60  # without an answer
_CHUNK = 2**20
_REVISION, _CHECKSUM = "X-Repo-Commit", "X-Linked-ETag"
"""Headers in which the Hugging Face hub names the commit of an answer and the SHA-256 of a large file."""
_MIRROR_HINT = "set `execution.mirror` to a folder that holds the same files (docs/realistic-tasks.md)"
_AGAIN = "run the same command again; it goes on at the same document"


class Position(NamedTuple):
    """The next document to be read."""

    shard: int = 0
    line: int = 0


class Document(NamedTuple):
    """A document, and where to go on behind it."""

    name: str
    subset: str
    text: str
    after: Position


@dataclass
class Shards:
    """The shards of a corpus in their order.

    Attributes
    ----------
    url : where the dataset's files are; ``{revision}`` stands for the revision, the shard's path follows.
    revision : commit of the dataset that the corpus is pinned to.
    paths : relative paths of the shards, ending in .jsonl.zst or .jsonl.gz.
    mirror : folder to read instead of the network, or None.
    checksums : SHA-256 of the shards that were read; given ones (of an earlier attempt) must come out again.
    """

    url: str
    revision: str
    paths: list[str]
    mirror: str | None = None
    checksums: dict[str, str] = field(default_factory=dict)

    def documents(self, start: Position = Position()) -> Iterator[Document]:  # noqa: B008 (immutable)
        """Documents from ``start`` on.

        Raises
        ------
        InputError for a shard that cannot be had, is not of the pinned revision, or is damaged.
        """
        for number in range(start.shard, len(self.paths)):
            path = self.paths[number]
            with tempfile.TemporaryFile() as shard:
                self._fetch(path, shard)
                skipped = start.line if number == start.shard else 0
                for line, (subset, text) in enumerate(_read_lines(path, shard)):
                    if line >= skipped:
                        yield Document(f"{path}:{line}", subset, text, Position(number, line + 1))

    def _fetch(self, path: str, shard: BinaryIO) -> None:
        """Copy a shard into a file, and compare it with the checksum that its source gives."""
        opened = self._from_mirror(path) if self.mirror else self._from_network(path)
        with opened as (stream, expected):
            digest = hashlib.sha256()
            while chunk := _read_chunk(path, stream):
                digest.update(chunk)
                shard.write(chunk)
        shard.seek(0)
        found = digest.hexdigest()
        if expected and found != expected:
            raise InputError(
                f"is corrupt: its SHA-256 is {found[:12]}..., not {expected[:12]}...", where=path, hint=_AGAIN
            )
        if self.checksums.setdefault(path, found) != found:
            raise InputError(
                f"is another file than in the first attempt, though of the same revision {self.revision}",
                where=path,
                hint="delete the data set's folder to start anew from what is there now",
            )

    @contextlib.contextmanager
    def _from_mirror(self, path: str) -> Iterator[tuple[BinaryIO, str]]:
        folder = Path(self.mirror)
        held = _read_text(folder / "REVISION").strip()
        self._check_revision(held, str(folder))
        sums = dict(re.findall(r"^([0-9a-f]{64}) [ *](?:\./)?(.+)$", _read_text(folder / "SHA256SUMS"), re.MULTILINE))
        expected = {name: digest for digest, name in sums.items()}.get(path)
        if expected is None:
            raise InputError(f"has no line for {path}", where=str(folder / "SHA256SUMS"))
        try:
            stream = open(folder / path, "rb")  # noqa: SIM115 (closed below)
        except OSError as error:
            raise InputError(f"cannot be read ({error.strerror})", where=str(folder / path)) from error
        with stream:
            yield stream, expected

    @contextlib.contextmanager
    def _from_network(self, path: str) -> Iterator[tuple[BinaryIO, str | None]]:
        url = f"{self.url.format(revision=self.revision)}/{path}"
        headers = _FirstHeaders()
        try:
            answer = urllib.request.build_opener(headers).open(url, timeout=_SECONDS)
        except urllib.error.HTTPError as error:
            what = f"is not there (HTTP {error.code} {error.reason})"
            raise InputError(what, where=url, hint=_MIRROR_HINT) from error
        except (OSError, http.client.HTTPException) as error:  # URLError is an OSError
            reason = getattr(error, "reason", None) or error
            raise InputError(f"cannot be reached ({reason})", where=url, hint=_MIRROR_HINT) from error
        with answer:
            found = headers.found or answer.headers
            if found[_REVISION]:
                self._check_revision(found[_REVISION], url)
            expected = (found[_CHECKSUM] or "").strip('"')
            yield answer, expected if re.fullmatch(r"[0-9a-f]{64}", expected) else None

    def _check_revision(self, found: str, where: str) -> None:
        if found != self.revision:
            raise InputError(
                f"holds revision {found}, and the data set is pinned to {self.revision}",
                where=where,
                hint="read the pinned revision, or change `stream.revision` and begin anew: results would not compare",
            )


class _FirstHeaders(urllib.request.HTTPRedirectHandler):
    """Keeps the headers of a redirection: revision and checksum stand there, not in the file server's answer."""

    found = None

    def redirect_request(self, req, fp, code, msg, headers, newurl):
        self.found = self.found or headers
        return super().redirect_request(req, fp, code, msg, headers, newurl)


def _read_text(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8")
    except OSError as error:
        what = f"cannot be read ({error.strerror})"
        raise InputError(what, where=str(path), hint="a mirror needs the files REVISION and SHA256SUMS") from error


def _read_chunk(path: str, stream: BinaryIO) -> bytes:
    try:
        return stream.read(_CHUNK)
    except (OSError, http.client.HTTPException) as error:
        raise InputError(f"broke off ({error})", where=path, hint=_AGAIN) from error


def _read_lines(path: str, shard: BinaryIO) -> Iterator[tuple[str, str]]:
    """Subset and text of every line."""
    number = 0
    try:
        with pa.CompressedInputStream(pa.PythonFile(shard, "r"), _SUFFIXES[Path(path).suffix]) as stream:
            for number, line in enumerate(io.BufferedReader(stream, _CHUNK)):  # noqa: B007 (named in the message)
                entry = json.loads(line)
                yield entry["meta"]["redpajama_set_name"], entry["text"]
    except (OSError, pa.ArrowException, ValueError, KeyError, TypeError) as error:
        detail = " ".join(f"{type(error).__name__}: {error}".split())[:120]
        raise InputError(
            f"is corrupt behind line {number} ({detail})",
            where=path,
            hint="fetch the shard again; the mirror's, if you read from one",
        ) from error
