"""The pages for readers: every path, link and name in them exists, and README is short."""

from __future__ import annotations

import importlib
import re
from pathlib import Path

import pytest
from conftest import REPOSITORY

PAGES = [REPOSITORY / "README.md", *sorted((REPOSITORY / "docs").glob("*.md"))]
PLACES = tuple(f"{name}/" for name in ("lib", "config", "workflow", "scripts", "docs", "tests", "slurm", "benchmarks"))
PLACEHOLDER = re.compile(r"[<>*{}]|NAME|figN")
ARCHITECTURE = REPOSITORY / "docs" / "architecture.md"


def spans(text: str) -> list[str]:
    """What stands between backticks."""
    return re.findall(r"`([^`\n]+)`", text)


def missing_paths(text: str, base: Path) -> list[str]:
    """Paths between backticks and targets of links that do not exist."""
    named = [REPOSITORY / span for span in spans(text) if span.startswith(PLACES) and not PLACEHOLDER.search(span)]
    links = re.findall(r"\]\(([^)#\s]+)[^)]*\)|src=\"([^\"]+)\"", text)
    linked = [base / target for pair in links for target in pair if target and "://" not in target]
    return [str(path) for path in named + linked if not path.exists()]


def missing_anchors(text: str, base: Path, own: Path) -> list[str]:
    """Links to headings that their page does not have."""
    missing = []
    for page, anchor in re.findall(r"\]\(([^)#\s:]*)#([^)\s]+)\)", text):
        headings = re.findall(r"^#+ (.+)$", (base / page if page else own).read_text(), flags=re.MULTILINE)
        if anchor not in [re.sub(r"[^\w\- ]", "", heading).strip().lower().replace(" ", "-") for heading in headings]:
            missing.append(f"{page}#{anchor}")
    return missing


def resolve(name: str) -> object:
    """The module, class or function that a dotted name means."""
    parts = name.split(".")
    for count in range(len(parts), 0, -1):
        try:
            found = importlib.import_module(".".join(parts[:count]))
        except ModuleNotFoundError:
            continue
        for part in parts[count:]:
            found = getattr(found, part)
        return found
    raise AssertionError(f"{name} cannot be imported")


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
def test_paths_links_and_headings_exist(page):
    text = page.read_text()
    assert missing_paths(text, page.parent) == []
    assert missing_anchors(text, page.parent, page) == []


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
def test_no_page_has_a_path_of_one_machine(page):
    assert not re.search(r"(?<![\w.~])/(work|home|root|Users|tmp|opt)/", page.read_text())


def test_a_path_or_link_that_does_not_exist_is_seen():
    text = "`lib/initscale/none.py`, [page](none.md), `lib/initscale/tasks/<name>`, [here](https://example.org)"
    assert missing_paths(text, REPOSITORY / "docs") == [
        str(REPOSITORY / "lib/initscale/none.py"),
        str(REPOSITORY / "docs/none.md"),
    ]


def test_every_dotted_name_of_the_architecture_exists():
    names = [span for span in spans(ARCHITECTURE.read_text()) if span.startswith("initscale.")]
    assert len(names) > 15
    for name in names:
        resolve(name)
    with pytest.raises(AttributeError):
        resolve("initscale.experiment.grid.no_such_name")


def test_the_followed_gamma_is_in_the_configuration(monkeypatch):
    """The page's numbers: 0.99 stands for the paper's 0.8, and the claim asks for what the page says."""
    from initscale.claims.definitions import load_claims
    from initscale.claims.selection import roles_of
    from initscale.config.load import load_config

    config = load_config({"scale": "laptop"})
    assert roles_of(config, "phase")["inferential"] == 0.99
    (claim,) = [claim for claim in load_claims().claims if claim.name == "fig2b_small_init_inferential"]
    assert claim.threshold == 0.9
    assert claim.options["where"]["version"] == "best"
    assert config["studies"]["phase"]["mapped"] == "std"


def test_the_map_in_readme_has_folders_that_exist():
    text = (REPOSITORY / "README.md").read_text()
    block = text.split("\n```\nconfig/")[1].split("```")[0]
    block = f"config/{block}"
    assert len(block.splitlines()) == 14
    for line in block.splitlines():
        inside, name = line.startswith(" "), line.split()[0]
        path = REPOSITORY / ("lib/initscale" if inside else "") / name.replace("figN", "fig2")
        assert path.is_dir(), line


def test_readme_is_for_ten_minutes():
    assert len((REPOSITORY / "README.md").read_bytes()) <= 7000
