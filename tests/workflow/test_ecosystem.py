"""What others expect beside the code: Snakemake's linter and report, catalog, container, citation, CI, pre-commit."""

from __future__ import annotations

import base64
import html
import json
import re
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from initscale.config.load import load_config
from initscale.report.titles import caption_of, title_of
from initscale.repository import REPOSITORY

ENVIRONMENT_FINDING = "Specify a conda environment or container for each rule."


def tool(*command: str) -> subprocess.CompletedProcess:
    """Run a tool of this environment in the repository."""
    path = Path(sys.executable).parent / command[0]
    return subprocess.run([path, *command[1:]], cwd=REPOSITORY, capture_output=True, text=True, timeout=300)


def read(name: str) -> dict:
    return yaml.safe_load((REPOSITORY / name).read_text(encoding="utf-8"))


def findings(done: subprocess.CompletedProcess) -> set[str]:
    """Kinds of findings of `snakemake --lint`."""
    return set(re.findall(r"^ +\* (.+?):?$", done.stdout + done.stderr, flags=re.M))


def test_snakemake_lint_finds_only_what_is_explained(checkout):
    done = checkout.snakemake("--lint")
    assert findings(done) == {ENVIRONMENT_FINDING}
    assert ENVIRONMENT_FINDING in " ".join((REPOSITORY / "CONTRIBUTING.md").read_text().split())


def test_snakemake_lint_finds_nothing_with_a_container(checkout):
    done = checkout.snakemake("--lint", "--config", 'execution={container: "docker://example/initscale:0.1.0"}')
    assert done.returncode == 0, done.stdout + done.stderr
    assert findings(done) == set()


def test_container_is_set_by_its_key_alone():
    assert load_config({"scale": "smoke"})["execution"]["container"] is None
    assert "container:" not in "".join(path.read_text() for path in (REPOSITORY / "workflow" / "rules").glob("*.smk"))


def test_snakemake_report_holds_every_picture_with_its_caption(edited_smoke):
    """Figures are really inside: every PNG, and the caption of every table."""
    done = edited_smoke.snakemake("--report", "own.html", check=True)
    assert "(WARNING/" not in done.stdout + done.stderr  # captions are valid reStructuredText
    page = (edited_smoke.root / "own.html").read_text(encoding="utf-8")
    results = edited_smoke.root / "results" / "smoke"
    pictures = list((results / "figures").glob("*.png"))
    assert len(pictures) > 20
    missing = [one.name for one in pictures if base64.b64encode(one.read_bytes()).decode() not in page]
    assert missing == []
    for figure in ("fig2", "fig13", "fig_curves"):
        for text in (
            title_of(figure)[1].split(",")[0],
            caption_of(str(results / "tables" / f"{figure}.parquet"))[-60:],
        ):
            assert json.dumps(html.escape(text.strip(), quote=False))[1:-1] in page


@pytest.mark.parametrize(
    ("schema", "file"),
    [
        ("vendor.github-workflows", ".github/workflows/ci.yml"),
        ("vendor.citation-file-format", "CITATION.cff"),
    ],
)
def test_files_for_others_fit_their_schema(schema, file):
    done = tool("check-jsonschema", "--builtin-schema", schema, file)
    assert done.returncode == 0, done.stdout + done.stderr


def test_github_workflow_calls_the_one_script():
    (job,) = read(".github/workflows/ci.yml")["jobs"].values()
    assert job["steps"][-1]["run"] == ".ci/run"
    assert (REPOSITORY / ".ci" / "run").stat().st_mode & 0o111


def test_pre_commit_configuration_is_valid():
    done = tool("pre-commit", "validate-config", ".pre-commit-config.yaml")
    assert done.returncode == 0, done.stdout + done.stderr
    for repository in read(".pre-commit-config.yaml")["repos"]:
        for hook in repository["hooks"]:
            assert hook["language"] == "system"
            assert (Path(sys.executable).parent / hook["entry"].split()[0]).exists()


def test_containerfile_passes_hadolint():
    done = tool("hadolint", "--failure-threshold", "info", "Containerfile")
    assert done.returncode == 0, done.stdout + done.stderr


def test_containerfile_has_the_environment_of_the_lock():
    text = (REPOSITORY / "Containerfile").read_text()
    wanted = re.search(r"python=(\d+\.\d+)", (REPOSITORY / "environment.yml").read_text())[1]
    assert f"python:{wanted}." in text
    assert "-r /opt/initscale/requirements.lock" in text


def test_paper_is_the_preferred_citation():
    citation = read("CITATION.cff")
    paper = citation["preferred-citation"]
    assert paper["title"] in citation["title"]
    assert {"type": "other", "value": "arXiv:2405.05409"} in paper["identifiers"]
    assert [author["family-names"] for author in paper["authors"]] == ["Zhang", "Lin", "Wang", "Zhang", "Xu"]
    assert citation["version"] in (REPOSITORY / "CHANGELOG.md").read_text()


def test_catalog_entry_has_what_the_catalog_asks_for():
    usage = read(".snakemake-workflow-catalog.yml")["usage"]
    assert set(usage) == {"mandatory-flags", "software-stack-deployment", "report"}
    assert any(usage["software-stack-deployment"].values())
    for name in ("workflow/Snakefile", "config/config.yaml", "config/README.md", "LICENSE"):
        assert (REPOSITORY / name).exists()


def test_configuration_page_names_every_section_and_file():
    text = (REPOSITORY / "config" / "README.md").read_text()
    missing = [key for key in load_config({"scale": "smoke"}) if f"`{key}`" not in text]
    assert missing == []
    files = [path.name for path in (REPOSITORY / "config").iterdir() if path.is_file() and path.name != "README.md"]
    assert [name for name in files if name not in text] == []


def test_licence_of_every_data_file_is_named():
    text = (REPOSITORY / "DATA_LICENCES.md").read_text()
    for name in ("COGS", "SCAN", "SlimPajama", "results/reference", "PrOntoQA"):
        assert name in text
    assert [path.name for path in (REPOSITORY / "config").glob("*.csv") if path.name not in text] == []
