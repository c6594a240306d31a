"""What the report says: verdicts, figures with their settings and cost, runs, all read from files of the results.

The page is made to be mailed, so nothing in it links to a file beside it: places of files are told, tables are inside.
"""

from __future__ import annotations

import base64
import csv
import math
import struct
from collections import Counter
from pathlib import Path

import pandas as pd

from initscale.claims.definitions import Claims
from initscale.claims.texts import count_text, criterion, effect_text, number, paper_text, singles_text
from initscale.claims.verdicts import NOT_EVALUATED, VERDICTS
from initscale.errors import InputError
from initscale.experiment.grid import bundles, cpus, needed_studies, study_points
from initscale.experiment.paths import Layout, point_key, run_log
from initscale.figures import folder_of, stems
from initscale.files.parts import files_of
from initscale.files.storage import read_json
from initscale.report.costs import costs_of, training_costs
from initscale.report.titles import caption_of, group_of, shortened, title_of


def verdict_rows(scorecard: pd.DataFrame, claims: Claims, figures: set[str]) -> list[dict]:
    """One entry per claim, with texts ready for the page."""
    by_name = {claim.name: claim for claim in claims.claims}
    return [
        {
            **row._asdict(),
            "effect_text": effect_text(row),
            "count_text": count_text(row),
            "singles_text": singles_text(row),
            "paper_text": paper_text(row),
            "criterion": criterion(row),
            "bar": None if row.verdict == NOT_EVALUATED else interval_bar(row),
            "p_text": "" if row.p != row.p else f"p = {row.p:.2g} (Holm {row.holm:.2g})",
            "link": row.table if row.table in figures else None,
            "words": by_name[row.claim].paper["words"],
            "companion": by_name[row.claim].paper.get("companion"),
            "values": [claims.values[name] for name in by_name[row.claim].quoted],
        }
        for row in scorecard.itertuples(index=False)
    ]


def interval_bar(row) -> dict:
    """Positions in percent of interval, effect and threshold on an axis that holds them all, with its two ends."""
    interval = (row.effect, row.effect) if math.isnan(row.low) else (row.low, row.high)  # one run has no interval
    marks = {"low": interval[0], "high": interval[1], "effect": row.effect, "threshold": row.threshold}
    margin = (max(marks.values()) - min(marks.values())) * 0.08 or 0.5
    low, high = min(marks.values()) - margin, max(marks.values()) + margin
    place = {name: 100 * (value - low) / (high - low) for name, value in marks.items()}
    return {name: round(value, 2) for name, value in place.items()} | {"above": row.direction == "above"}


def counts(rows: list[dict]) -> list[tuple[str, int]]:
    """Verdicts with the number of claims that have them."""
    found = Counter(row["verdict"] for row in rows)
    return [(verdict, found[verdict]) for verdict in VERDICTS]


LARGEST_TABLE = 400_000
"""Bytes of a table up to which it is inside the page."""


def figure_entries(config: dict, figures: list[str], rows: list[dict]) -> list[dict]:
    """One entry per figure, in the order given."""
    costs = training_costs(config)
    return [_figure(config, figure, [row for row in rows if row["table"] == figure], costs) for figure in figures]


def _figure(config: dict, figure: str, rows: list[dict], costs: list[dict]) -> dict:
    layout, sidecar = Layout(config), read_json(Layout(config).sidecar(figure))
    label, words = title_of(folder_of(config, figure), figure)
    made, files = sidecar["table_made_of"], files_of(layout.table(figure))
    return {
        "name": figure,
        "group": group_of(figure),
        "label": label,
        "title": words,
        "short": shortened(words),
        "caption": caption_of(layout.table(figure)),
        "pictures": [_picture(layout, stem) for stem in stems(config, figure)],
        "claims": rows,
        "options": ", ".join(f"{key} {value}" for key, value in config["figures"][figure].items()),
        "tables": _tables(config, figure, files, sidecar),
        "sidecar": layout.sidecar(figure),
        "drawn": sidecar["git"],
        "made": made["git"] if made else None,
        "seconds": sum(_seconds(layout.benchmark(f"{stage}/{figure}")) for stage in ("aggregate", "figure")),
        "studies": needed_studies(config, figure),
        "costs": costs_of(costs, config, figure),
    }


def _tables(config: dict, figure: str, files: list[str], sidecar: dict) -> list[dict]:
    """The files that a figure was drawn from, with the hashes that its record has, both in the order of their names.

    Raises
    ------
    InputError if the picture was drawn from other files than there are now.
    """
    digests = [digest for _, digest in sorted(sidecar["inputs"].items())]
    if len(digests) != len(files):
        source = " source=reference" if config["source"] == "reference" else ""
        raise InputError(
            f"was drawn from {len(digests)} file(s), and its table has {len(files)} now",
            where=Layout(config).sidecar(figure),
            hint=f"`snakemake --cores 2 {figure} --config scale={config['scale']}{source}` draws it again",
        )
    return [_table(figure, *item) for item in zip(files, digests, strict=True)]


def _table(figure: str, path: str, digest: str) -> dict:
    """A table's file, with its content where it is small enough to be inside the page."""
    content, stem = Path(path).read_bytes(), Path(path).stem
    return {
        "path": path,
        "name": f"{stem if stem == figure else f'{figure}_{stem}'}.parquet",
        "hash": digest[:12],
        "data": base64.b64encode(content).decode() if len(content) <= LARGEST_TABLE else None,
    }


def _picture(layout: Layout, stem: str) -> dict:
    content = Path(layout.figure(stem, "png")).read_bytes()
    return {**picture_entry(stem, content), "pdf": layout.figure(stem, "pdf")}


def picture_entry(stem: str, content: bytes) -> dict:
    """A PNG as the page holds it, with its size in pixels."""
    width, height = struct.unpack(">II", content[16:24])  # PNG keeps them there
    return {"stem": stem, "data": base64.b64encode(content).decode(), "width": width, "height": height}


def run_rows(config: dict) -> list[dict]:
    """One entry per finished run of every study, for the table of runs; none with ``source: reference``."""
    layout, found = Layout(config), []
    for study, section in config["studies"].items():
        for point in study_points(section):
            path = Path(layout.run_folder(study, point)) / "run.json"
            if path.exists() and not layout.from_reference:
                record = read_json(path)
                log = layout.log(f"train/{study}/{run_log(config, study, point)}")
                known = {name: record["final"].get(name) for name in record["final"] if name.startswith("acc_")}
                found.append(
                    {"study": study, "key": point_key(point), "point": point, "record": record, "accuracies": known}
                    | {"path": str(path), "log": log}
                    | {"loss": number(record["final"]["loss"])}
                )
    return found


def cost_rows(config: dict) -> list[dict]:
    """Jobs and core-hours by stage: wall time of each job (of its last attempt) x its cores."""
    layout, found = Layout(config), []
    for stage in ("generate_data", "train", "probe", "aggregate", "figure"):
        folder = Path(layout.root) / "benchmarks" / stage
        seconds = [_seconds(path) * _cores(config, stage, path) for path in sorted(folder.rglob("*.tsv"))]
        if seconds:
            found.append({"stage": stage, "jobs": len(seconds), "core_hours": sum(seconds) / 3600})
    return found


def _cores(config: dict, stage: str, benchmark: Path) -> int:
    """Cores that the job of a benchmark file had; a bundle has several for the runs that it trains at a time."""
    if stage != "train":
        return 1
    study = config["studies"].get(benchmark.parent.name, {"bundle": 1})
    together = bundles(study) if study["bundle"] > 1 else {}
    return cpus(config, len(together.get(benchmark.stem.removeprefix("bundle_"), [1])))


def _seconds(path: str | Path) -> float:
    if not Path(path).exists():
        return 0.0
    with open(path, encoding="utf-8", newline="") as stream:
        return float(list(csv.DictReader(stream, delimiter="\t"))[-1]["s"])
