"""Files of others: from a mirror folder, plain or packed, checked by their hash; clear errors otherwise."""

from __future__ import annotations

import gzip
import hashlib

import pytest

from initscale.errors import InputError
from initscale.tasks import download

CONTENT = b"a\tb\tc\n"
FILES = {"x.tsv": download.Download("http://127.0.0.1:9/x.tsv", hashlib.sha256(CONTENT).hexdigest())}


@pytest.mark.parametrize("zipped", [False, True])
def test_mirror(zipped, tmp_path):
    (tmp_path / ("x.tsv.gz" if zipped else "x.tsv")).write_bytes(gzip.compress(CONTENT) if zipped else CONTENT)
    assert download.fetch(FILES, str(tmp_path)) == {"x.tsv": CONTENT}


def test_other_content_is_refused(tmp_path):
    (tmp_path / "x.tsv").write_bytes(b"changed")
    with pytest.raises(InputError, match="is not the expected file"):
        download.fetch(FILES, str(tmp_path))


def test_a_damaged_archive_is_refused(tmp_path):
    (tmp_path / "x.tsv.gz").write_bytes(gzip.compress(CONTENT)[:-9])
    with pytest.raises(InputError, match="cannot be read"):
        download.fetch(FILES, str(tmp_path))


def test_a_missing_file_is_named(tmp_path):
    with pytest.raises(InputError, match=r"has no file x.tsv or x.tsv.gz"):
        download.fetch(FILES, str(tmp_path))


def test_without_network_the_mirror_is_explained():
    with pytest.raises(InputError, match=r"cannot be downloaded .*execution=\{mirror: FOLDER\}"):
        download.fetch(FILES, None)
