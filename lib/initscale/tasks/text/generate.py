"""Gather the documents of a text data set, held-out ones first."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator

import pyarrow as pa

from initscale.errors import InputError
from initscale.files.tables import make_table
from initscale.tasks.text.budget import ByteBudget
from initscale.tasks.text.collect import collect as collect
from initscale.tasks.text.definition import SEPARATOR, SPLITS, columns, split_bytes
from initscale.tasks.text.python_corpus import PythonText


def generate(spec: dict) -> dict[str, pa.Table]:
    """Make both splits from the text of this Python (``source: python``); see ``collect`` for the other source.

    Parameters
    ----------
    spec : a checked dataset section of the configuration.

    Returns
    -------
    ``train`` and ``test``; columns: see ``initscale.tasks.text.columns``. They are the same for the same spec and the
    same Python version, which is in their metadata with the hash of every domain.
    """
    source = PythonText(spec["seed"])
    rows: dict[str, list[tuple[str, str, str]]] = {split: [] for split in SPLITS}
    for domain in spec["domains"]:
        _fill(spec, domain, source.documents(domain), rows)
    return {split: as_table(spec, rows[split], source.about()) for split in SPLITS}


def _fill(spec: dict, domain: str, documents: Iterator[tuple[str, str]], rows: dict) -> None:
    """Add documents of one domain to ``rows``: first those of the test split, then of the training split."""
    for split in ("test", "train"):
        budget = ByteBudget(spec, split)
        while not budget.is_full(domain):
            name, text = next(documents, (None, ""))
            if name is None:
                raise InputError(
                    f"holds too little {domain}: {budget.filled[domain]:,} of {split_bytes(spec, split):,} bytes of "
                    f"the {split} split",
                    where="the standard library of this Python",
                    hint="lower train_bytes or test_bytes, or raise document_bytes",
                )
            rows[split].append((domain, name, budget.take(domain, text)))


def as_table(spec: dict, rows: list[tuple[str, str, str]], about: dict[str, str]) -> pa.Table:
    """Rows (domain, document, text) with what they depend on and the SHA-256 of every domain in the metadata."""
    names = [column.name for column in columns(spec)]
    table = make_table(columns(spec), dict(zip(names, zip(*rows, strict=True), strict=True)))
    return table.replace_schema_metadata({**about, **hashes(rows)})


def hashes(rows: list[tuple[str, str, str]]) -> dict[str, str]:
    """``sha256_<domain>`` of the documents of a domain, each with a separator behind it."""
    digests: dict[str, hashlib._Hash] = {}
    for domain, _, text in rows:
        digests.setdefault(domain, hashlib.sha256()).update(text.encode() + SEPARATOR)
    return {f"sha256_{domain}": digest.hexdigest() for domain, digest in digests.items()}
