"""Collect the documents of a corpus from shards into parts on disk; a kill loses the documents of one part."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pyarrow as pa

from initscale.errors import InputError
from initscale.files.storage import read_json, read_table, write_json, write_table
from initscale.files.tables import make_table
from initscale.tasks.text.budget import ByteBudget
from initscale.tasks.text.definition import SPLITS, columns, split_bytes
from initscale.tasks.text.slimpajama import Position, Shards

PART_DOCUMENTS = 20_000


def collect(spec: dict, folder: Path, mirror: str | None) -> dict[str, pa.Table]:
    """Read both splits, going on where an earlier attempt stopped.

    Parameters
    ----------
    spec : a dataset section with ``source: stream``.
    folder : gets a folder ``parts`` with what was read so far.
    mirror : folder that holds the shards, or None.
    """
    return {split: Collector(spec, split, folder / "parts" / split, mirror).run() for split in SPLITS}


class Collector:
    """Reads one split.

    Parameters
    ----------
    spec, mirror : see ``collect``.
    split : train or test.
    folder : gets the parts and ``state.json``: the position behind them, bytes of each domain and checksums of shards.
    """

    def __init__(self, spec: dict, split: str, folder: Path, mirror: str | None):
        self.spec, self.split, self.folder = spec, split, folder
        stream, state = spec["stream"], self._state()
        paths = [stream[split]["path"].format(number) for number in range(stream[split]["shards"])]
        self.shards = Shards(stream["url"], stream["revision"], paths, mirror, state["checksums"])
        self.position, self.parts = Position(*state["position"]), state["parts"]
        self.budget = ByteBudget(spec, split, state["filled"])
        self.domain_of = {stream["sets"][domain]: domain for domain in spec["domains"]}

    def run(self) -> pa.Table:
        """Read until the split is full."""
        rows: list[tuple[str, str, str]] = []
        for position, row in self._rows():
            self.position = position
            rows.append(row)
            if len(rows) == PART_DOCUMENTS:
                self._keep(rows)
                rows = []
        if not self.budget.is_full():
            self._keep(rows)
            raise InputError(
                f"{len(self.shards.paths)} shard(s) hold too little: {self.budget.filled} of "
                f"{split_bytes(self.spec, self.split):,} bytes of each domain",
                where=f"the {self.split} split",
                hint="raise `shards`",
            )
        self._keep(rows)
        about = {"revision": self.shards.revision, "shards": str(len(self.shards.checksums))}
        return pa.concat_tables(self._tables()).replace_schema_metadata(about)

    def _rows(self) -> Iterator[tuple[Position, tuple[str, str, str]]]:
        if self.budget.is_full():
            return
        for document in self.shards.documents(self.position):
            domain = self.domain_of.get(document.subset)
            if domain and not self.budget.is_full(domain):
                yield document.after, (domain, document.name, self.budget.take(domain, document.text))
            if self.budget.is_full():
                return

    def _tables(self) -> Iterator[pa.Table]:
        return (read_table(self._part(number)) for number in range(self.parts))

    def _part(self, number: int) -> Path:
        return self.folder / f"{number:06d}.parquet"

    def _keep(self, rows: list[tuple[str, str, str]]) -> None:
        """Write a part, then the state that counts it: a kill between the two reads the part again."""
        if not rows:
            return
        names = [column.name for column in columns(self.spec)]
        table = make_table(columns(self.spec), dict(zip(names, zip(*rows, strict=True), strict=True)))
        write_table(self._part(self.parts), table)
        self.parts += 1
        state = {"position": self.position, "parts": self.parts, "filled": self.budget.filled}
        state |= {"checksums": self.shards.checksums, "source": self._source()}
        write_json(self.folder / "state.json", state)

    def _source(self) -> dict:
        """What is read, whatever number of shards it takes."""
        stream = self.spec["stream"]
        return {**{key: stream[key] for key in ("url", "revision", "sets")}, "path": stream[self.split]["path"]}

    def _state(self) -> dict:
        """What an earlier attempt left, if it read the same."""
        path = self.folder / "state.json"
        if not path.exists():
            return {"position": Position(), "parts": 0, "filled": None, "checksums": {}}
        state = read_json(path)
        if state["source"] != self._source():
            raise InputError(
                "belongs to an attempt that read something else",
                where=str(path),
                hint=f"delete {self.folder.parent} to start anew",
            )
        return state
