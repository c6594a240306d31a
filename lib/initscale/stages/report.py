"""Stage report: one HTML file that needs nothing else."""

from __future__ import annotations

import json
from pathlib import Path

import jinja2
import plotly
import yaml

from initscale.claims.companions import load_companion_claims
from initscale.claims.definitions import load_claims
from initscale.claims.scorecard import summary
from initscale.errors import InputError
from initscale.experiment.paths import Layout
from initscale.figures import figure_order, pictures_of
from initscale.files.parts import files_of, read_whole
from initscale.files.storage import atomic_path, read_table
from initscale.provenance.machine import git_state
from initscale.records.code import report_roots
from initscale.records.lineage import write_record
from initscale.report import content
from initscale.report.committed import committed_inputs, committed_replay, scales_with_replay
from initscale.report.costs import training_costs
from initscale.report.explorer import explorer_data
from initscale.report.replay import drawn_replay
from initscale.report.side_by_side import side_by_side
from initscale.report.titles import CATEGORIES, GROUPS
from initscale.repository import PAGE


def report(config: dict) -> str:
    """Write the report of a scale and return its path.

    Raises
    ------
    InputError if the scorecard or a figure whose table exists was not made.
    """
    layout, figures = Layout(config), drawn_figures(config)
    scorecards = [layout.scorecard(suffix) for suffix in ("parquet", "companions.parquet")]
    scorecard, companions = (read_table(path).to_pandas() for path in scorecards)
    rows = content.verdict_rows(scorecard, load_claims(), set(figures))
    of_companions = content.verdict_rows(companions, load_companion_claims(), set(figures))
    entries = content.figure_entries(config, figures, rows + of_companions)
    page = (
        _environment()
        .get_template("page.html.j2")
        .render(
            config=config,
            settings=yaml.safe_dump(config, sort_keys=False, allow_unicode=True),
            summary=summary(scorecard, config["scale"]),
            counts=content.counts(rows),
            rows=rows,
            groups={group: [one for one in entries if one["group"] == group] for group in GROUPS},
            headings=CATEGORIES,
            replay=_replay(config),
            beside=side_by_side(config, scorecard),
            companions_summary=summary(companions, config["scale"]),
            companions=of_companions,
            runs=content.run_rows(config),
            costs=content.cost_rows(config),
            training_costs=training_costs(config),
            git=git_state(),
            explorer=_embedded(_explorer(config)),
            style=(PAGE / "page.css").read_text(encoding="utf-8"),
            script=(PAGE / "page.js").read_text(encoding="utf-8"),
            library=(Path(plotly.__file__).parent / "package_data" / "plotly.min.js").read_text(encoding="utf-8"),
        )
    )
    with atomic_path(layout.report()) as part:
        part.write_text(page, encoding="utf-8")
    tables = [path for name in figures for path in files_of(layout.table(name))]
    pictures = [path for name in figures for path in pictures_of(layout, name)]
    inputs = [*scorecards, *tables, *pictures, *committed_inputs(config)]
    write_record(layout.report_record(), layout.root, config, report_roots(), inputs, [layout.report()])
    return layout.report()


def drawn_figures(config: dict) -> list[str]:
    """Figures of the configuration whose tables exist, in the paper's order, those beyond the paper behind."""
    layout = Layout(config)
    found = [name for name in config["figures"] if name != "style" and files_of(layout.table(name))]
    if not found:
        raise InputError("holds no tables", where=layout.root, hint="run `snakemake --cores 8 report`")
    return sorted(found, key=figure_order)


def _replay(config: dict) -> dict:
    """A replay that another scale has, and where one can be made."""
    found = committed_replay(config)
    pictures = [content.picture_entry(**one) for one in drawn_replay(found[0])] if found else []
    return {"scale": found[0] if found else None, "pictures": pictures, "scales": scales_with_replay()}


def _environment() -> jinja2.Environment:
    loader = jinja2.FileSystemLoader(PAGE)
    return jinja2.Environment(
        loader=loader, autoescape=True, undefined=jinja2.StrictUndefined, trim_blocks=True, lstrip_blocks=True
    )


def _explorer(config: dict) -> dict | None:
    """Data of the interactive phase diagram; None without the table of the training curves."""
    layout, options = Layout(config), config["figures"]["fig2"]
    curves, flows = layout.table("fig_curves"), layout.table("fig3")
    if not files_of(curves):
        return None
    recipe = config["training"][config["studies"][config["figures"]["fig_curves"]["study"]]["training"]]
    routes = read_whole(flows).to_pandas() if files_of(flows) else None
    return explorer_data(read_table(curves).to_pandas(), routes, recipe, options["shade_below"])


def _embedded(data: dict | None) -> str | None:
    """JSON that may stand inside a script element."""
    return None if data is None else json.dumps(data, separators=(",", ":"), allow_nan=False).replace("<", "\\u003c")
