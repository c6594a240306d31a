"""Make the COGS tables from the downloaded files, or from the sample."""

from __future__ import annotations

from collections.abc import Mapping

import pyarrow as pa

from initscale.errors import InputError
from initscale.files.tables import make_table
from initscale.tasks.cogs import sample as cogs_sample
from initscale.tasks.cogs.definition import SAMPLE, SPLITS, columns


def generate(spec: dict, files: Mapping[str, bytes]) -> dict[str, pa.Table]:
    """The four splits, in the order of the files.

    Parameters
    ----------
    spec : a checked dataset section of the configuration.
    files : content of the files in ``initscale.tasks.cogs.downloads``.
    """
    texts = cogs_sample.FILES if spec["source"] == SAMPLE else {s: files[f"{s}.tsv"].decode() for s in SPLITS}
    return {split: _table(spec, split, texts[split]) for split in SPLITS}


def _table(spec: dict, split: str, text: str) -> pa.Table:
    rows = [line.split("\t") for line in text.splitlines()]
    bad = next((number for number, row in enumerate(rows, start=1) if len(row) != 3), None)
    if bad:
        raise InputError("must have three columns, separated by tabs", where=f"{split}.tsv, line {bad}")
    names = [column.name for column in columns(spec)]
    return make_table(columns(spec), dict(zip(names, map(list, zip(*rows, strict=True)), strict=True)))
