"""The claims (config/claims.yaml) and the paper's values (config/paper_values.csv), checked before any is judged."""

from __future__ import annotations

import csv
import os
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from initscale.claims.metrics import METRICS
from initscale.config import CONFIG_FOLDER, merge, read_yaml
from initscale.config_schema import check_schema
from initscale.errors import ConfigError, InputError

CLAIMS_FILE = CONFIG_FOLDER / "claims.yaml"
VALUES_FILE = CONFIG_FOLDER / "paper_values.csv"
VALUE_COLUMNS = ("id", "figure", "quantity", "setting", "value", "unit", "source", "how_read")
SOURCES = ("paper", "figure", "logs", "journal", "code")


def claim_files() -> list[str]:
    """Files that say what is claimed, relative to the working directory."""
    return [os.path.relpath(CONFIG_FOLDER / name) for name in ("claims.yaml", "claims.schema.yaml", "paper_values.csv")]


@dataclass(frozen=True)
class PaperValue:
    """One published number: what it is, where it stands and how it was read."""

    id: str
    figure: str
    quantity: str
    setting: str
    value: float
    unit: str
    source: str
    how_read: str


@dataclass(frozen=True)
class Claim:
    """One claim; the keys are described in config/claims.schema.yaml."""

    name: str
    figure: str
    statement: str
    table: str
    study: str
    metric: str
    options: dict[str, Any]
    test: str
    direction: str
    threshold: float
    minimal_n: int
    scales: tuple[str, ...]
    unit: str
    provisional: bool
    tolerance: float
    paper: str
    values: tuple[str, ...]


@dataclass(frozen=True)
class Claims:
    """All claims with what they share."""

    claims: tuple[Claim, ...]
    level: float
    resamples: int
    unjudged: dict[str, str]
    values: dict[str, PaperValue]


def load_claims(path: Path = CLAIMS_FILE, values_path: Path = VALUES_FILE) -> Claims:
    """Read and check both files.

    Raises
    ------
    ConfigError for an unknown key, metric, test or paper value, naming the nearest known one; InputError for a
    damaged values file.
    """
    content = read_yaml(path) or {}
    defaults = content.get("defaults")
    if isinstance(defaults, dict) and isinstance(content.get("claims"), dict):
        content["claims"] = {name: merge(defaults, claim) for name, claim in content["claims"].items()}
    check_schema(content, read_yaml(path.with_suffix(".schema.yaml")), [(str(path), content)])
    values = read_values(values_path)
    for name, claim in content["claims"].items():
        _check(f"{path}: claims.{name}", claim, values)
    claims = tuple(_claim(name, section) for name, section in content["claims"].items())
    shared = content["interval"]
    return Claims(claims, shared["level"], shared["resamples"], content["unjudged_scales"], values)


def _claim(name: str, section: dict) -> Claim:
    paper = section["paper"]
    known = {key: section[key] for key in section if key not in ("paper", "scales")}
    return Claim(
        name=name, **known, scales=tuple(section["scales"]), paper=paper["words"], values=tuple(paper.get("values", ()))
    )


def _check(where: str, claim: dict, values: dict[str, PaperValue]) -> None:
    metric = METRICS[claim["metric"]]
    if claim["test"] != metric.test:
        raise ConfigError(
            f"the metric `{claim['metric']}` goes with the test `{metric.test}`, not with `{claim['test']}`",
            where=f"{where}.test",
        )
    unknown = [key for key in claim["options"] if key not in metric.options]
    if unknown:
        raise ConfigError(
            f"unknown option `{unknown[0]}` (known here: {', '.join(metric.options)})", where=f"{where}.options"
        )
    missing = [key for key in metric.required if key not in claim["options"]]
    if missing:
        raise ConfigError(f"the option `{missing[0]}` is missing", where=f"{where}.options")
    for value in claim["paper"].get("values", ()):
        if value not in values:
            raise ConfigError(f"`{value}` is not an id in paper_values.csv", where=f"{where}.paper.values")


def read_values(path: Path = VALUES_FILE) -> dict[str, PaperValue]:
    """The paper's values by id."""
    try:
        with open(path, encoding="utf-8", newline="") as stream:
            reader = csv.DictReader(stream)
            if tuple(reader.fieldnames or ()) != VALUE_COLUMNS:
                raise InputError(f"must have exactly the columns {', '.join(VALUE_COLUMNS)}", where=str(path))
            rows = list(reader)
    except OSError as error:
        raise InputError(f"cannot be read ({error.strerror})", where=str(path)) from error
    found: dict[str, PaperValue] = {}
    for number, row in enumerate(rows, start=2):
        where = f"{path}, line {number}"
        if None in row or None in row.values() or not row["how_read"]:
            raise InputError("needs a value in every column, `how_read` included", where=where)
        if row["id"] in found:
            raise InputError(f"the id `{row['id']}` is given twice", where=where)
        if row["source"] not in SOURCES:
            raise InputError(f"`{row['source']}` is not a source (known: {', '.join(SOURCES)})", where=where)
        try:
            found[row["id"]] = PaperValue(**row | {"value": float(row["value"])})
        except ValueError as error:
            raise InputError(f"`{row['value']}` is not a number", where=where) from error
    return found
