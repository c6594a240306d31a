"""A task, a probe and a figure of one's own are folders: trained, measured and drawn with no other file touched."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
from conftest import Checkout

from initscale.files.storage import file_hash, read_table

TOY = Path(__file__).resolve().parents[1] / "toy"
GIVEN = ("--configfile", "toy.yaml")


def add(checkout: Checkout) -> None:
    """The three folders, and a configuration file beside the repository's own."""
    for kind in ("tasks", "probes", "figures"):
        shutil.copytree(TOY / kind, checkout.root / "lib" / "initscale" / kind, dirs_exist_ok=True)
    shutil.copy(TOY / "config.yaml", checkout.root / "toy.yaml")


def sources(checkout: Checkout) -> dict[str, str]:
    """Hash of every file that is code or configuration."""
    files = [p for top in ("lib", "config", "workflow", "scripts") for p in (checkout.root / top).rglob("*")]
    return {str(p): file_hash(p) for p in files if p.is_file() and "__pycache__" not in p.parts}


def test_a_task_a_probe_and_a_figure_are_added_as_folders(edited_smoke):
    before = sources(edited_smoke)
    add(edited_smoke)
    assert edited_smoke.planned("all_figures") == {}
    with_toy = edited_smoke.planned("all_figures", *GIVEN)
    made = {"generate_modadd", "train_modadd_gamma0.30_depth2_0", "train_modadd_gamma0.80_depth2_0"}
    assert set(with_toy) == made | {"probe_modadd", "aggregate_fig_modadd", "fig_modadd", "all_figures"}
    edited_smoke.snakemake("fig_modadd", "curves_modadd", *GIVEN, check=True)
    results = edited_smoke.root / "results" / "smoke"
    table = read_table(results / "tables" / "fig_modadd.parquet").to_pandas()
    assert sorted(zip(table["gamma"], table["seed"], strict=True)) == [(0.3, 0), (0.3, 1), (0.8, 0), (0.8, 1)]
    assert table["top_share"].between(0, 1).all()
    assert table["test"].between(0, 1).all()
    for name in ("fig_modadd", "curves_modadd"):
        assert (results / "figures" / f"{name}.png").read_bytes()[1:4] == b"PNG"
    assert edited_smoke.planned("all_figures", *GIVEN) == {}
    after = sources(edited_smoke)
    assert {path: after[path] for path in before} == before


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        (
            "figures={fig_modadd: {study: phase}}",
            "reads the probe `fourier`, which the study `phase` does not measure",
        ),
        (
            "studies={modadd: {probes: [fourier, flow]}}",
            "the probe `flow` needs anchor pairs, which the task `modadd`",
        ),
        ("probes={fourier: {topp: 1}}", "unknown key `topp` (known here: top)"),
    ],
)
def test_its_options_are_checked_like_all_others(checkout, changes, message):
    add(checkout)
    refused = checkout.snakemake("fig_modadd", "--dry-run", *GIVEN, "--config", changes)
    assert refused.returncode != 0
    assert message in refused.stdout + refused.stderr
