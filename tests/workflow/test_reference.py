"""`source=reference`: figures, scorecard and report from the committed tables, without training."""

from __future__ import annotations

import re
import shutil

import pytest
from conftest import REPOSITORY

from initscale.config.load import load_config
from initscale.errors import ConfigError
from initscale.experiment import paths
from initscale.files.storage import read_table
from initscale.workflow.rules import figures_of

FOLDER = REPOSITORY / "results" / "reference" / "laptop"
TABLES = {path.relative_to(FOLDER).parts[0].removesuffix(".parquet") for path in FOLDER.rglob("*.parquet")}
REFERENCE = ("--config", "source=reference")


def test_nothing_is_trained_and_every_reference_table_is_drawn(checkout):
    planned = checkout.planned("all_figures", "scorecard", "report", *REFERENCE, scale="laptop")
    assert set(planned) == TABLES | {"all_figures", "scorecard", "report"}


def test_a_figure_is_redrawn_beside_the_own_ones(checkout):
    checkout.snakemake("fig9", "scorecard", *REFERENCE, scale="laptop", check=True)
    folder = checkout.root / "results" / "laptop" / "reference"
    assert (folder / "figures" / "fig9.png").read_bytes()[1:4] == b"PNG"
    assert read_table(folder / "scorecard.parquet").num_rows
    assert not (checkout.root / "results" / "laptop" / "figures").exists()
    explained = checkout.initscale("explain", "fig9", "--scale", "laptop", "--source", "reference")
    assert "committed in the repository" in explained.stdout
    compared = checkout.initscale("compare", "--scale", "laptop")
    assert "there is no table to judge" in compared.stderr, "of our own"
    assert compared.returncode == 3


def test_figures_without_a_reference_table_are_named(monkeypatch, tmp_path, capsys):
    shutil.copytree(paths.REFERENCE, tmp_path / "reference")
    (tmp_path / "reference" / "laptop" / "fig9.parquet").unlink()
    monkeypatch.setattr(paths, "REFERENCE", tmp_path / "reference")
    monkeypatch.delenv("INITSCALE_TOLD", raising=False)
    config = load_config({"scale": "laptop", "source": "reference"})
    found = figures_of(config)
    monkeypatch.delenv("INITSCALE_TOLD")
    assert set(found) == TABLES - {"fig9"}
    (told,) = re.findall("No reference table of the scale `laptop`, so not drawn: (.*)", capsys.readouterr().err)
    shown = {name for name in config["figures"] if not name.startswith("curves_")}
    assert set(told.split(", ")) == shown - {"style"} - set(found)
    assert "fig9" in told


def test_a_scale_without_reference_tables_is_refused(smoke):
    with pytest.raises(ConfigError, match="there are no reference tables of the scale `smoke`"):
        figures_of(smoke | {"source": "reference"})


def test_reference_tables_stay_small():
    files = (REPOSITORY / "results" / "reference").rglob("*.parquet")
    assert sum(path.stat().st_size for path in files) <= 10e6


def test_own_runs_make_every_figure(smoke):
    found = figures_of(smoke)
    assert set(found) == set(smoke["figures"]) - {"style"}
    assert found[:4] == ["fig1", "fig2", "fig2c", "fig3"]
    beyond = [name for name in found[found.index("fig17b") + 1 :] if not name.startswith("curves_")]
    assert beyond == sorted(name for name in found if name.startswith("fig_"))
    assert {"fig_authors_run", "fig_circuits", "fig_curves", "fig_scores"} <= set(beyond)
