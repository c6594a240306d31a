"""The documentation site: every link and anchor leads somewhere, and the strict build says so when one does not."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path
from urllib.parse import unquote

import pytest
from conftest import REPOSITORY, Checkout


@pytest.fixture
def whole(checkout) -> Checkout:
    """A copy with the tests, which pages link to."""
    shutil.copytree(REPOSITORY / "tests", checkout.root / "tests", ignore=shutil.ignore_patterns("__pycache__"))
    return checkout


def build(root: Path, target: Path) -> subprocess.CompletedProcess:
    """`mkdocs build --strict` as `make docs` does it."""
    command = [sys.executable, "-m", "mkdocs", "build", "--strict", "--config-file", "website/mkdocs.yml"]
    environment = os.environ | {"NO_MKDOCS_2_WARNING": "1"}
    return subprocess.run(
        [*command, "--site-dir", str(target)], cwd=root, env=environment, capture_output=True, text=True, timeout=600
    )


def dead(site: Path) -> list[str]:
    """Links and pictures of the built pages that lead to no file."""
    found = []
    for page in site.rglob("*.html"):
        if page.name == "404.html":  # its links are absolute, for a server
            continue
        for link in re.findall(r'\s(?:src|href)="([^"#?]+)', page.read_text(encoding="utf-8")):
            if not re.match(r"[a-z]+:", link) and not (page.parent / unquote(link)).exists():
                found.append(f"{page.relative_to(site)}: {link}")
    return found


def test_site_has_no_dead_link_and_finds_one(whole, tmp_path):
    """Of a copy with one dead link and one dead anchor, these two are all that is wrong."""
    page = whole.root / "docs" / "claims.md"
    page.write_text(page.read_text() + "\n[one](nowhere.md) and [two](scales.md#no-such-heading)\n")
    done = build(whole.root, tmp_path / "site")
    found = [line for line in done.stderr.splitlines() if line.startswith(("WARNING", "ERROR"))]
    assert done.returncode != 0
    assert len(found) == 2, "\n".join(found) + done.stderr[-2000:]
    assert {re.search(r"nowhere\.md|#no-such-heading", line)[0] for line in found} == {"nowhere.md", "#no-such-heading"}


def test_site_has_reference_and_every_page(whole, tmp_path):
    done = build(whole.root, tmp_path / "site")
    assert done.returncode == 0, done.stderr[-3000:]
    pages = {path.relative_to(tmp_path / "site").as_posix() for path in (tmp_path / "site").rglob("*.html")}
    expected = {path.relative_to(whole.root).with_suffix(".html").as_posix() for path in whole.root.glob("docs/*.md")}
    assert expected | {"index.html", "CONTRIBUTING.html", "config/index.html", "reference/claims.html"} <= pages
    text = (tmp_path / "site" / "reference" / "claims.html").read_text()
    assert "Holm" in text  # a docstring
    assert dead(tmp_path / "site") == []  # mkdocs does not look at links that are written as HTML
