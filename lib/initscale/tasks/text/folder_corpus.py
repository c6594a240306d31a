"""Text of the user's own: the files of a folder, in an order that depends on the seed."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pyarrow as pa

from initscale.errors import InputError
from initscale.tasks.random_integers import Stream
from initscale.tasks.text.budget import ByteBudget
from initscale.tasks.text.definition import SPLITS, split_bytes
from initscale.tasks.text.generate import as_table

_FOLDERS = 3  # key of the stream that orders files


def generate(spec: dict) -> dict[str, pa.Table]:
    """Make both splits from whole files, held-out ones first (``source: folder``).

    Parameters
    ----------
    spec : a checked dataset section of the configuration.

    Raises
    ------
    InputError for a folder that is not there or holds too little text.
    """
    rows: dict[str, list[tuple[str, str, str]]] = {split: [] for split in SPLITS}
    for domain, folder in folders_of(spec).items():
        documents = _documents(Path(folder).expanduser(), spec.get("pattern", "**/*"), spec["seed"])
        for split in ("test", "train"):
            rows[split] += _taken(spec, split, domain, documents, folder)
    about = {f"folder_{domain}": str(folder) for domain, folder in folders_of(spec).items()}
    return {split: as_table(spec, rows[split], about) for split in SPLITS}


def folders_of(spec: dict) -> dict[str, str]:
    """Domain -> folder.

    Raises
    ------
    InputError for a domain without a folder of its own.
    """
    folder, domains = spec["folder"], spec["domains"]
    found = folder if isinstance(folder, dict) else {domains[0]: folder}
    for domain in domains:
        if domain not in found:
            hint = f"write `folder: {{{', '.join(f'{name}: FOLDER' for name in domains)}}}`"
            raise InputError(f"names no folder for the domain `{domain}`", where=str(folder), hint=hint)
    return {domain: found[domain] for domain in domains}


def _documents(folder: Path, pattern: str, seed: int) -> Iterator[tuple[str, str]]:
    """Name and text of every file that is text; hidden files and folders are left out."""
    if not folder.is_dir():
        raise InputError("is no folder", where=str(folder), hint="see `folder` of the data set")
    found = {path.relative_to(folder).as_posix(): path for path in folder.glob(pattern) if path.is_file()}
    names = sorted(name for name in found if not any(part.startswith(".") for part in name.split("/")))
    for number in Stream(seed, _FOLDERS).permutation(len(names)).tolist():
        try:
            text = found[names[number]].read_bytes().decode("utf-8")
        except UnicodeDecodeError:
            continue
        except OSError as error:
            raise InputError(f"cannot be read ({error.strerror})", where=str(found[names[number]])) from error
        if text.strip():
            yield names[number], text


def _taken(
    spec: dict, split: str, domain: str, documents: Iterator[tuple[str, str]], folder: str
) -> list[tuple[str, str, str]]:
    """Documents of one domain until the split is full."""
    budget, rows = ByteBudget(spec, split), []
    while not budget.is_full(domain):
        name, text = next(documents, (None, ""))
        if name is None:
            raise InputError(
                f"holds too little text: {budget.filled[domain]:,} of {split_bytes(spec, split):,} bytes of the "
                f"{split} split (the held-out files come first)",
                where=str(folder),
                hint="lower train_bytes or test_bytes, raise document_bytes, or widen `pattern`",
            )
        rows.append((domain, name, budget.take(domain, text)))
    return rows
