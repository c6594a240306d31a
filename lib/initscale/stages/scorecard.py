"""Stage scorecard: verdicts from the tables, as Parquet, CSV and Markdown."""

from __future__ import annotations

import json
import logging
from pathlib import Path

import pyarrow as pa

from initscale.claims import scorecard as claims_scorecard
from initscale.claims.companions import load_companion_claims
from initscale.claims.definitions import Claims, claim_files, load_claims
from initscale.claims.evidence import table_names
from initscale.claims.fixed import additions, fixed_hash
from initscale.claims.markdown import as_markdown, mapping_markdown
from initscale.claims.scorecard import summary
from initscale.config.load import load_config
from initscale.errors import InputError
from initscale.experiment.paths import Layout
from initscale.files.parts import files_of
from initscale.files.storage import atomic_path, write_table
from initscale.paper.departures import SCALES
from initscale.paper.mapping import mapping_rows
from initscale.records.lineage import write_scorecard_record
from initscale.repository import REFERENCE

LOG = logging.getLogger("initscale")
FORMATS = ("parquet", "csv", "md")
OF_COMPANIONS = "companions.parquet"


def need_tables(config: dict) -> None:
    """Raise ``InputError`` if there is no table that a claim could be judged on."""
    layout = Layout(config)
    if not any(files_of(layout.table(name)) for name in table_names(config, load_claims())):
        where = Path(layout.table("fig2")).parent
        hint = f"`snakemake --cores 8 all_figures --config scale={config['scale']}` makes all tables"
        if layout.from_reference:
            have = sorted(path.parent.name for path in REFERENCE.glob("*/*.parquet"))
            hint = f"leave `--source reference` away, or choose a scale that has some: `--scale {have[0]}`"
        raise InputError("there is no table to judge", where=str(where), hint=hint)


def make_scorecard(config: dict) -> pa.Table:
    """Judge every claim of the paper on the tables of the configuration's scale and source."""
    return _judged(config, load_claims())


def make_companion_scorecard(config: dict) -> pa.Table:
    """The same for the claims of companion studies."""
    return _judged(config, load_companion_claims())


def _judged(config: dict, claims: Claims) -> pa.Table:
    """The scorecard of some claims, with the hash of what was fixed for them."""
    table, whole = claims_scorecard.scorecard(config, claims), load_config({"scale": config["scale"]})
    fixed = {"fixed": fixed_hash(claims, whole), "added": json.dumps(additions(claims, whole))}
    return table.replace_schema_metadata({**table.schema.metadata, **fixed})


def scorecard(config: dict) -> str:
    """Write the scorecard in all ``FORMATS`` and return the summary."""
    table, companions, layout = make_scorecard(config), make_companion_scorecard(config), Layout(config)
    write_table(layout.scorecard("parquet"), table)
    write_table(layout.scorecard(OF_COMPANIONS), companions)
    with atomic_path(layout.scorecard("csv")) as part:
        table.to_pandas().to_csv(part, index=False)
    with atomic_path(layout.scorecard("md")) as part:
        text = f"{as_markdown(table)}\nGammas that stand for the paper's:\n\n{mapping_markdown(mapping_rows(config))}"
        text += f"\n## Companion studies\n\n{as_markdown(companions)}"
        part.write_text(text, encoding="utf-8")
    names = [name for claims in (load_claims(), load_companion_claims()) for name in table_names(config, claims)]
    tables = [path for name in dict.fromkeys(names) for path in files_of(layout.table(name))]
    write_scorecard_record(config, [*tables, *claim_files()])
    words = summary(table.to_pandas(), config["scale"])
    LOG.info(words)
    return words


def reference_scorecards() -> dict[str, pa.Table | None]:
    """Judged scale -> its scorecard from the committed tables; None where none are committed."""
    configs = {scale: load_config({"scale": scale, "source": "reference"}) for scale in SCALES}
    return {
        scale: make_scorecard(config) if any(Path(Layout(config).table("any")).parent.glob("*.parquet")) else None
        for scale, config in configs.items()
    }
