"""Stage scorecard: verdicts from the tables, as Parquet, CSV and Markdown."""

from __future__ import annotations

import logging
from pathlib import Path

import pyarrow as pa

from initscale.claims.definitions import claim_files, load_claims
from initscale.claims.evidence import table_names
from initscale.claims.scorecard import as_markdown, judge_all, scorecard_table, summary
from initscale.paths import Layout
from initscale.provenance.lineage import write_scorecard_record
from initscale.storage import atomic_path, write_table

LOG = logging.getLogger("initscale")
FORMATS = ("parquet", "csv", "md")


def make_scorecard(config: dict) -> pa.Table:
    """Judge every claim on the tables of the configuration's scale and source."""
    claims = load_claims()
    return scorecard_table(judge_all(config, claims), claims, config["scale"])


def scorecard(config: dict) -> str:
    """Write the scorecard in all ``FORMATS`` and return the summary."""
    table, layout = make_scorecard(config), Layout(config)
    write_table(layout.scorecard("parquet"), table)
    with atomic_path(layout.scorecard("csv")) as part:
        table.to_pandas().to_csv(part, index=False)
    with atomic_path(layout.scorecard("md")) as part:
        part.write_text(as_markdown(table), encoding="utf-8")
    tables = [path for name in table_names(config, load_claims()) if Path(path := layout.table(name)).exists()]
    write_scorecard_record(config, [*tables, *claim_files()])
    words = summary(table.to_pandas(), config["scale"])
    LOG.info(words)
    return words
