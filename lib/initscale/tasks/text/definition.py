"""Language modelling on bytes, of code and of code with prose (the paper's Fig 17b, which has GitHub and Wikipedia).

A data set has one *domain* (``code``) or two (``code``, ``prose``) of equal size, cut into windows of ``context``
predicted bytes. Documents are joined with a zero byte behind each. Training and held-out text come from different
files. Where the text comes from is the ``source``:

``python``
    what any Python installation holds (``text_python``); differs between Python versions, so dataset.json records the
    version and the hash of every corpus. It is small and is not the paper's.
``stream``
    shards of documents in JSON lines, read over the network or from a mirror (``text_stream``): the paper's SlimPajama.
``folder``
    files of a folder of the user's own (``folder_corpus``).
"""

from __future__ import annotations

from collections.abc import Callable

from initscale.errors import ConfigError
from initscale.files.tables import Column

TRAINER = "sequence_trainer"
SPLITS = ("train", "test")
DOMAINS = ("code", "prose")
SEPARATOR = b"\x00"
"""Behind every document; does not occur in text."""


def generator(spec: dict) -> str:
    """The module of this folder that makes the data."""
    return "folder_corpus" if spec["source"] == "folder" else "generate"


def vocabulary_size(spec: dict) -> int:
    """The bytes."""
    return 256


def sequence_length(spec: dict) -> int:
    """Bytes in a window: the first is given, ``context`` are predicted."""
    return spec["context"] + 1


def split_bytes(spec: dict, split: str) -> int:
    """Bytes of one domain in a split, separators included."""
    return spec[f"{split}_bytes"]


def windows(spec: dict, size: int) -> int:
    """Windows in so many bytes; all but the first byte, and those of an incomplete last window, are predicted once."""
    return (size - 1) // spec["context"]


def training_rows(spec: dict) -> int:
    """Windows of the training split, whose domains are put one behind the other."""
    return windows(spec, split_bytes(spec, "train") * len(spec["domains"]))


def check_spec(spec: dict, describe: Callable[..., str]) -> None:
    """Raise ``ConfigError`` unless the specification describes a data set that can be made."""
    for split in SPLITS:
        if windows(spec, split_bytes(spec, split)) < 1:
            raise ConfigError(
                f"{split_bytes(spec, split)} bytes hold no window of {spec['context'] + 1}",
                where=describe(f"{split}_bytes"),
            )
    stream = spec.get("stream")
    if (spec["source"] == "stream") != (stream is not None):
        raise ConfigError("`stream` says where `source: stream` reads and goes with it only", where=describe("stream"))
    _check_folder(spec, describe)
    for domain in spec["domains"] if stream else ():
        if domain not in stream["sets"]:
            raise ConfigError(f"names no set for the domain `{domain}`", where=describe("stream", "sets"))


def _check_folder(spec: dict, describe: Callable[..., str]) -> None:
    folder = spec.get("folder")
    if (spec["source"] == "folder") != (folder is not None):
        raise ConfigError("`folder` says what `source: folder` reads and goes with it only", where=describe("folder"))
    if "pattern" in spec and folder is None:
        raise ConfigError("goes with `source: folder` only", where=describe("pattern"))


def columns(spec: dict) -> tuple[Column, ...]:
    """Columns of train.parquet and test.parquet, one row per document."""
    return (
        Column("domain", "string", "", "code or prose"),
        Column("document", "string", "", "where the text comes from: a module, a help topic, a line of a shard"),
        Column("text", "large_string", "", "the document; the last of a domain is cut where the split is full"),
    )
