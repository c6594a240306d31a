"""Takes the repository's Markdown files into the site where they lie, with the files that they link to.

A page keeps its path below the repository, so its relative links are the same on the site, in an editor and on GitHub.
"""

from __future__ import annotations

import os
import posixpath
import re
from pathlib import Path
from urllib.parse import unquote

from mkdocs.config.defaults import MkDocsConfig
from mkdocs.structure.files import File, Files
from mkdocs.structure.pages import Page

REPOSITORY = Path(__file__).resolve().parents[1]
PACKAGE = REPOSITORY / "lib" / "initscale"
PAGES = (
    "*.md",
    "docs/*.md",
    "config/*.md",
    "benchmarks/*.md",
    "results/*.md",
    "results/reference/*.md",
    "trained/**/*.md",
)
LINK = re.compile(r"(\]\()([^)\s#]+)(#[^)\s]*)?(\))")
"""A Markdown link or picture: opening, path, anchor, closing."""
HTML = re.compile(r'<(?:img|a)\s[^>]*?(?:src|href)="([^"#]+)')
"""Path of a picture or link that is written as HTML."""


def on_config(config: MkDocsConfig) -> MkDocsConfig:
    """Put the reference and pages that the navigation does not name into it."""
    groups = {name: group for entry in config.nav for name, group in entry.items()}
    groups["Reference"].extend({name: f"reference/{name}.md"} for name in packages())
    named = set(re.findall(r"[\w./-]+\.md", str(config.nav)))
    groups["More"].extend(page for page in pages() if page not in named)
    return config


def on_files(files: Files, config: MkDocsConfig) -> Files:
    """The repository's pages, what they link to, and one page of reference per package."""
    own = [file for file in files if file.src_dir != config.docs_dir]  # of the theme and of plugins
    linked = {target for page in pages() for target in targets(page) if (REPOSITORY / target).is_file()}
    for uri in sorted({*pages(), *linked}):
        own.append(File.generated(config, uri, abs_src_path=str(REPOSITORY / uri)))
    for name in packages():
        own.append(File.generated(config, f"reference/{name}.md", content=f"::: initscale.{name}\n"))
    return Files(own)


def on_page_markdown(markdown: str, page: Page, config: MkDocsConfig, files: Files) -> str:
    """Links to a folder lead to its README, or are no links where it has none."""
    here = posixpath.dirname(page.file.src_uri)

    def mended(link: re.Match) -> str:
        target = REPOSITORY / posixpath.normpath(posixpath.join(here, unquote(link[2])))
        if "://" in link[2] or not target.is_dir():
            return link[0]
        if (target / "README.md").is_file():
            return f"{link[1]}{posixpath.join(link[2], 'README.md')}{link[3] or ''}{link[4]}"
        return f"{link[1]}{tree(target, page)}{link[4]}"

    return LINK.sub(mended, markdown)


def tree(folder: Path, page: Page) -> str:
    """Where a folder without a README leads: its package in the reference, or else the start."""
    here = posixpath.dirname(page.file.src_uri) or "."
    inside = folder.relative_to(PACKAGE).parts if folder.is_relative_to(PACKAGE) else ()
    known = inside and (inside[0] in packages())
    return posixpath.relpath(f"reference/{inside[0]}.md" if known else "README.md", here)


def pages() -> list[str]:
    """Markdown files of the repository, by path."""
    return sorted(path.relative_to(REPOSITORY).as_posix() for glob in PAGES for path in REPOSITORY.glob(glob))


def targets(page: str) -> set[str]:
    """Paths in the repository that a page links to."""
    text, here = (REPOSITORY / page).read_text(encoding="utf-8"), posixpath.dirname(page)
    found = [link[2] for link in LINK.finditer(text)] + HTML.findall(text)
    links = (unquote(link) for link in found if "://" not in link)
    return {posixpath.normpath(posixpath.join(here, link)) for link in links}


def packages() -> list[str]:
    """Modules and packages of the library's first level that have public names."""
    names = [path.name for path in PACKAGE.iterdir() if (path / "__init__.py").exists()]
    names += [path.stem for path in PACKAGE.glob("*.py") if not path.stem.startswith("_")]
    return sorted(names, key=os.path.normcase)
