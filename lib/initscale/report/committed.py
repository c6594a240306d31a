"""Files of the repository that a report shows beside its own results: other scales' tables, the replay, costs."""

from __future__ import annotations

import os
from pathlib import Path

import yaml

from initscale.claims.definitions import load_claims
from initscale.claims.evidence import table_names
from initscale.experiment.paths import REFERENCE, Layout
from initscale.files.parts import files_of
from initscale.repository import CONFIG_FOLDER

REPLAY = "fig_authors_run"


def committed_inputs(config: dict) -> list[str]:
    """All these files of one report."""
    found = [path for tables in reference_tables(config).values() for path in tables]
    replay, costs = committed_replay(config), reference_costs(config["scale"])
    found += [replay[1]] if replay else []
    found += [costs] if config["source"] == "reference" and costs.exists() else []
    return [os.path.relpath(path) for path in found]


def known_scales() -> dict[str, Path]:
    """Every scale with its configuration file."""
    return {path.stem: path for path in sorted((CONFIG_FOLDER / "scales").glob("*.yaml"))}


def reference_tables(config: dict) -> dict[str, list[Path]]:
    """Scales whose reference tables claims can be judged on, with these tables; the report's own is left out."""
    own = config["scale"] if config["source"] == "reference" else None
    names = table_names(config, load_claims())
    found = {
        scale: [Path(path) for name in names for path in files_of(REFERENCE / scale / f"{name}.parquet")]
        for scale in known_scales()
        if scale != own
    }
    return {scale: tables for scale, tables in found.items() if tables}


def reference_costs(scale: str) -> Path:
    """File with the cost of the trainings behind the reference tables of a scale; it need not exist."""
    return REFERENCE / scale / "costs.csv"


def committed_replay(config: dict) -> tuple[str, Path] | None:
    """Scale and reference table of a replay, if the report's own scale has none and another has."""
    if Path(Layout(config).table(REPLAY)).exists():
        return None
    found = [(scale, REFERENCE / scale / f"{REPLAY}.parquet") for scale in known_scales()]
    return next(((scale, table) for scale, table in found if table.exists()), None)


def scales_with_replay() -> list[str]:
    """Scales whose configuration has the replay."""
    sections = {scale: yaml.safe_load(path.read_text(encoding="utf-8")) or {} for scale, path in known_scales().items()}
    return [scale for scale, section in sections.items() if REPLAY in section.get("figures", {})]
