"""The streaming loader, on small files of the published form: from a mirror, from a local server, after kills."""

from __future__ import annotations

import hashlib
import http.server
import json
import re
import threading
from pathlib import Path

import pyarrow as pa
import pytest

from initscale.errors import InputError
from initscale.stages.generate_data import generate_data
from initscale.tasks.text import collect as text_collect
from initscale.tasks.text.slimpajama import Position, Shards

REVISION = "2d0accdd58c5d5511943ca1f5ff0e3eb5e293543"
PATHS = ["train/0.jsonl.zst", "train/1.jsonl.gz", "train/2.jsonl.zst"]
CODECS = {".zst": "zstd", ".gz": "gzip"}
SETS = {"code": "RedPajamaGithub", "prose": "RedPajamaWikipedia"}


def line(number: int) -> str:
    subset = ("RedPajamaGithub", "RedPajamaBook", "RedPajamaWikipedia")[number % 3]
    return json.dumps({"text": f"document {number} ä\n", "meta": {"redpajama_set_name": subset}}) + "\n"


def write_shard(path: Path, lines: range) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    # two compressed frames, as large files have
    halves = ["".join(map(line, part)).encode() for part in (lines[:7], lines[7:])]
    path.write_bytes(b"".join(pa.compress(half, CODECS[path.suffix], asbytes=True) for half in halves))


def write_sums(folder: Path) -> None:
    files = sorted(path for path in folder.rglob("*.jsonl.*"))
    sums = (f"{hashlib.sha256(f.read_bytes()).hexdigest()}  {f.relative_to(folder).as_posix()}\n" for f in files)
    (folder / "SHA256SUMS").write_text("".join(sums))


@pytest.fixture
def mirror(tmp_path) -> Path:
    """Thirty documents in three shards."""
    folder = tmp_path / "mirror"
    for number, path in enumerate(PATHS):
        write_shard(folder / path, range(10 * number, 10 * number + 10))
    (folder / "REVISION").write_text(f"{REVISION}\n")
    write_sums(folder)
    return folder


def shards(mirror: Path | None, url: str = "http://127.0.0.1:9/{revision}", **more) -> Shards:
    return Shards(url, REVISION, PATHS, str(mirror) if mirror else None, **more)


class TestMirror:
    def test_documents_come_in_order_with_their_subset(self, mirror):
        found = list(shards(mirror).documents())
        assert [document.text for document in found] == [f"document {number} ä\n" for number in range(30)]
        assert [document.subset for document in found[:3]] == ["RedPajamaGithub", "RedPajamaBook", "RedPajamaWikipedia"]
        assert found[12].name == "train/1.jsonl.gz:2"

    @pytest.mark.parametrize("kept", [0, 1, 9, 10, 11, 29, 30])
    def test_goes_on_behind_any_document(self, mirror, kept):
        whole = list(shards(mirror).documents())
        start = whole[kept - 1].after if kept else Position()
        assert list(shards(mirror).documents(start)) == whole[kept:]

    def test_a_changed_file_is_corrupt(self, mirror):
        path = mirror / PATHS[1]
        path.write_bytes(path.read_bytes()[:-5])
        with pytest.raises(InputError, match=r"train/1\.jsonl\.gz: is corrupt: its SHA-256 is .* Hint: run the same"):
            list(shards(mirror).documents())

    @pytest.mark.parametrize("damage", ["cut off", "not JSON", "no text"])
    def test_damage_that_the_checksum_does_not_show_is_one_message(self, mirror, damage):
        path = mirror / PATHS[0]
        wrong = {"not JSON": b"{,}\n", "no text": b'{"meta": {"redpajama_set_name": "x"}}\n'}.get(damage)
        good = path.read_bytes()
        path.write_bytes(good + pa.compress(wrong, "zstd", asbytes=True) if wrong else good[:-10])
        write_sums(mirror)
        with pytest.raises(InputError, match=r"train/0\.jsonl\.zst: is corrupt behind line \d+ \(.*\)\. Hint: fetch"):
            list(shards(mirror).documents())

    def test_another_revision_is_refused(self, mirror):
        (mirror / "REVISION").write_text("0" * 40)
        with pytest.raises(InputError, match=f"holds revision 0+, and the data set is pinned to {REVISION}"):
            next(shards(mirror).documents())

    def test_the_same_revision_with_other_content_is_refused_when_going_on(self, mirror):
        first = shards(mirror)
        next(first.documents())
        write_shard(mirror / PATHS[0], range(100, 110))
        write_sums(mirror)
        with pytest.raises(InputError, match="is another file than in the first attempt"):
            next(shards(mirror, checksums=first.checksums).documents())

    def test_missing_files_are_named(self, mirror):
        (mirror / PATHS[0]).unlink()
        with pytest.raises(InputError, match=r"0\.jsonl\.zst: cannot be read \(No such file"):
            next(shards(mirror).documents())
        (mirror / "SHA256SUMS").write_text("")
        with pytest.raises(InputError, match=r"SHA256SUMS: has no line for train/0\.jsonl\.zst"):
            next(shards(mirror).documents())
        (mirror / "REVISION").unlink()
        with pytest.raises(InputError, match=r"REVISION: cannot be read .*a mirror needs the files"):
            next(shards(mirror).documents())


class Hub(http.server.SimpleHTTPRequestHandler):
    """Answers like the hub: a redirection that names revision and checksum, then the file itself."""

    root: Path
    revision = REVISION

    def do_GET(self) -> None:
        kind, _, name = self.path[1:].partition("/")
        file = self.root / re.sub(r"^[0-9a-f]{40}/", "", name)
        if not file.exists():
            return self.send_error(404)
        content = file.read_bytes()
        self.send_response(302 if kind == "resolve" else 200)
        if kind == "resolve":
            self.send_header("Location", f"/files/{name}")
            self.send_header("X-Repo-Commit", self.revision)
            self.send_header("X-Linked-ETag", f'"{hashlib.sha256(content).hexdigest()}"')
        self.end_headers()
        if kind == "files":
            self.wfile.write(content)
        return None

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture
def hub(mirror):
    """URL of a server that has the shards."""
    handler = type("OwnHub", (Hub,), {"root": mirror})
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_address[1]}/resolve/{{revision}}", handler
    server.shutdown()
    server.server_close()


class TestNetwork:
    def test_same_documents_as_from_the_mirror(self, hub, mirror):
        url, _ = hub
        assert list(shards(None, url).documents()) == list(shards(mirror).documents())

    def test_another_revision_is_refused(self, hub):
        url, handler = hub
        handler.revision = "1" * 40
        with pytest.raises(InputError, match=f"holds revision 1+, and the data set is pinned to {REVISION}"):
            next(shards(None, url).documents())

    def test_a_shard_that_is_not_there(self, hub, mirror):
        url, _ = hub
        (mirror / PATHS[0]).unlink()
        with pytest.raises(InputError, match=r"is not there \(HTTP 404 Not Found\)\. Hint: set `execution\.mirror`"):
            next(shards(None, url).documents())

    def test_no_network(self):
        with pytest.raises(InputError, match=r"cannot be reached \(.*refused.*\)\. Hint: set `execution\.mirror`"):
            next(shards(None).documents())


class TestCollection:
    SPEC = {  # noqa: RUF012
        "task": "text",
        "seed": 0,
        "source": "stream",
        "domains": ["code", "prose"],
        "train_bytes": 80,
        "test_bytes": 30,
        "document_bytes": 100,
        "context": 8,
        "stream": {
            "url": "http://127.0.0.1:9/{revision}",
            "revision": REVISION,
            "sets": SETS,
            "train": {"path": "train/{}.jsonl.zst", "shards": 2},
            "test": {"path": "held_out/{}.jsonl.zst", "shards": 1},
        },
    }

    @pytest.fixture
    def corpus(self, tmp_path) -> Path:
        folder = tmp_path / "corpus"
        for number in range(2):
            write_shard(folder / f"train/{number}.jsonl.zst", range(10 * number, 10 * number + 10))
        write_shard(folder / "held_out/0.jsonl.zst", range(50, 60))
        (folder / "REVISION").write_text(REVISION)
        write_sums(folder)
        return folder

    def test_splits_come_from_their_shards_and_other_subsets_are_left_out(self, corpus, tmp_path):
        info = generate_data(self.SPEC, tmp_path / "data", str(corpus))
        assert info["sources"]["train"] == {"revision": REVISION, "shards": "2"}
        tables = text_collect.collect(self.SPEC, tmp_path / "again", str(corpus))
        train, test = (tables[split].to_pandas() for split in ("train", "test"))
        assert set(train["domain"]) == {"code", "prose"}
        found = list(train.loc[train["domain"] == "prose", "document"])
        prose = [f"train/{number // 10}.jsonl.zst:{number % 10}" for number in (2, 5, 8, 11, 14, 17)][: len(found)]
        assert found == prose
        assert len(found) > 4
        assert test["document"].str.startswith("held_out").all()
        assert not (tmp_path / "data" / "parts").exists()

    @pytest.mark.parametrize("after", [1, 4, 7])
    def test_a_kill_loses_nothing_and_repeats_nothing(self, corpus, tmp_path, monkeypatch, after):
        monkeypatch.setattr(text_collect, "PART_DOCUMENTS", 2)
        whole = text_collect.collect(self.SPEC, tmp_path / "whole", str(corpus))
        read, take = [], text_collect.ByteBudget.take

        def killed(self, domain: str, text: str) -> str:
            if len(read) == after:
                raise KeyboardInterrupt
            read.append(text)
            return take(self, domain, text)

        monkeypatch.setattr(text_collect.ByteBudget, "take", killed)
        with pytest.raises(KeyboardInterrupt):
            text_collect.collect(self.SPEC, tmp_path / "killed", str(corpus))
        monkeypatch.setattr(text_collect.ByteBudget, "take", lambda *given: read.append(given[2]) or take(*given))
        assert text_collect.collect(self.SPEC, tmp_path / "killed", str(corpus)) == whole
        assert len(read) - sum(table.num_rows for table in whole.values()) < 2  # what the last part had not kept

    def test_too_few_shards_are_one_message(self, corpus, tmp_path):
        spec = self.SPEC | {"train_bytes": 10_000}
        with pytest.raises(InputError, match=r"the train split: 2 shard\(s\) hold too little: .*Hint: raise `shards`"):
            generate_data(spec, tmp_path / "data", str(corpus))

    def test_more_shards_go_on_with_what_was_read(self, corpus, tmp_path, monkeypatch):
        one = self.SPEC["stream"] | {"train": {"path": "train/{}.jsonl.zst", "shards": 1}}
        with pytest.raises(InputError, match="hold too little"):
            text_collect.collect(self.SPEC | {"stream": one}, tmp_path / "short", str(corpus))
        read, documents = [], Shards.documents
        monkeypatch.setattr(Shards, "documents", lambda *given: read.append(given[1]) or documents(*given))
        found = text_collect.collect(self.SPEC, tmp_path / "short", str(corpus))
        assert read[0] == Position(0, 10)  # behind the first shard
        assert found == text_collect.collect(self.SPEC, tmp_path / "whole", str(corpus))

    def test_parts_of_another_stream_are_refused(self, corpus, tmp_path):
        with pytest.raises(InputError):
            generate_data(self.SPEC | {"train_bytes": 10_000}, tmp_path / "data", str(corpus))
        other = self.SPEC | {"stream": self.SPEC["stream"] | {"revision": "3" * 40}}
        with pytest.raises(InputError, match="belongs to an attempt that read something else"):
            generate_data(other, tmp_path / "data", str(corpus))
