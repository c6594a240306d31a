"""In what every study differs from the paper and from its authors' code, made from the configuration.

config/paper_settings.yaml says what these have; ``departures`` sets the scales beside it, and leaves out what is alike.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import yaml

from initscale.errors import ConfigError
from initscale.experiment.grid import evaluation_of, study_points
from initscale.paper.mapping import mapping_rows
from initscale.repository import CONFIG_FOLDER

SETTINGS_FILE = CONFIG_FOLDER / "paper_settings.yaml"
SCALES = ("laptop", "overnight", "paper")
"""Scales that are judged."""
UNPUBLISHED, NONE = "not published", "none"
_SIDES = ("paper", "code")
Row = tuple[str, ...]


def read_settings(path: Path = SETTINGS_FILE) -> dict[str, dict[str, dict]]:
    """Study -> fact -> what paper and code have."""
    return yaml.safe_load(path.read_text(encoding="utf-8"))["studies"]


def departures(configs: Mapping[str, dict], settings: Mapping[str, dict]) -> dict[str, list[Row]]:
    """Study -> rows (fact, paper, code, one cell for each scale) for every fact in which a scale departs from either.

    Of the studies that name a rule for their gammas, and of those that the settings name: the replay of the authors'
    own run has nothing to map.

    Parameters
    ----------
    configs : scale -> its configuration.
    settings : see :func:`read_settings`.

    Raises
    ------
    ConfigError for a study of a configuration that the settings do not know.
    """
    tables = {}
    every = (named for config in configs.values() for named in config["studies"].items())
    studies = (name for name, study in every if "mapped" in study or name in settings)
    for study in dict.fromkeys(studies):
        facts = settings.get(_described(study, configs, settings))
        rows = [row for fact, sides in facts.items() if (row := _row(configs, study, fact, sides))]
        tables[study] = rows
    return tables


def _described(study: str, configs: Mapping[str, dict], settings: Mapping[str, dict]) -> str:
    """The study of the settings that a study belongs to: itself, or one with the same setting in the paper."""
    if study in settings:
        return study
    for config in configs.values():
        section = config["studies"].get(study)
        related = [
            name
            for name in settings
            if section and config["studies"].get(name, {}).get("paper") == section.get("paper")
        ]
        if related:
            return max(related, key=lambda name: config["studies"][name]["dataset"] == section["dataset"])
    raise ConfigError(f"says nothing of the study `{study}`", where=str(SETTINGS_FILE))


def _row(configs: Mapping[str, dict], study: str, fact: str, sides: Mapping[str, Any]) -> Row | None:
    published = {side: sides.get("same", sides.get(side, UNPUBLISHED)) for side in _SIDES}
    here = {scale: _here(config, study, fact, sides) for scale, config in configs.items() if study in config["studies"]}
    alike = (value == there for value in here.values() for there in published.values())
    unknown = "here" not in sides and all(there == UNPUBLISHED for there in published.values())
    if all(alike) or unknown:
        return None
    cells = [_words(here[scale]) if scale in here else "" for scale in configs]
    return (fact, *(_words(published[side]) for side in _SIDES), *cells)


def _here(config: dict, study: str, fact: str, sides: Mapping[str, Any]) -> Any:
    if "here" in sides:
        return sides["here"]
    value = value_of(config, study, fact)
    is_switch = any(isinstance(there, bool) for there in sides.values())
    return False if is_switch and value == NONE else value


def value_of(config: dict, study: str, fact: str) -> Any:
    """What a configuration has of a fact; ``NONE`` for a key that is not given or null."""
    section, points = config["studies"][study], list(study_points(config["studies"][study]))
    if fact == "seeds":
        settings = [tuple(value for axis, value in point.items() if axis != "seed") for point in points]
        return max(settings.count(setting) for setting in settings)
    place, *keys = fact.split(".")
    axis = keys[-1]
    if place == "grid" or (place == "training" and axis in points[0]):
        values = sorted({point[axis] for point in points if axis in point})
        return values[0] if place == "training" and len(values) == 1 else values
    parts = {"dataset": "datasets", "model": "models", "training": "training"}
    node = evaluation_of(config, section) if place == "evaluation" else config[parts[place]][section[place]]
    for key in keys:
        node = node.get(key) if isinstance(node, Mapping) else None
    return NONE if node is None else node


def _words(value: Any) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, Mapping):
        return ", ".join(f"{key} {_words(part)}" for key, part in value.items())
    if isinstance(value, list):
        return ", ".join(map(_words, value)) or NONE
    return f"{value:g}" if isinstance(value, float) else str(value)


def markdown(configs: Mapping[str, dict]) -> str:
    """docs/departures.md."""
    columns = ("fact", "paper", "authors' code", *(f"scale {scale}" for scale in configs))
    lines = [_HEAD]
    for study, rows in departures(configs, read_settings()).items():
        lines += [f"\n## `{study}`\n", *_table(columns, rows)]
    for scale, config in configs.items():
        rows = [_mapped(row) for row in mapping_rows(config)]
        lines += [f"\n## Gammas at the scale `{scale}`\n", *_table(_MAPPED, rows)]
    return "\n".join(lines) + "\n"


_HEAD = """# Departures from the paper

Made from the configuration by `python -m initscale departures`. A test compares it. Do not edit.

Each table is one study, each row one fact in which a judged scale differs from the paper or from its authors' code.
Read a row as: the paper has this, its code has this, the scale has that.

- What is not listed is the same everywhere, or published by neither: rates, steps and batches of Figs 2c and 17, tokens
  and training pairs of the additions, hops and order of PrOntoQA.
- An empty cell: the scale does not have the study.
- What paper and code have is in config/paper_settings.yaml. The scales `smoke`, `calibration` and `laptop-long` are not
  judged and not listed.
- The last tables show which gamma stands for the paper's in models of another width, and why
  ([claims.md](claims.md#roles))."""
_MAPPED = ("study", "role", "rule", "paper's gamma", "gamma", "by the other rule", "decay x rate x steps", "paper's")


def _mapped(row: dict) -> Row:
    exposures = (UNPUBLISHED if row[key] is None else f"{row[key]:.3g}" for key in ("exposure", "paper_exposure"))
    gammas = (f"{row[key]:g}" for key in ("paper_gamma", "gamma", "other_gamma"))
    return (f"`{row['study']}`", row["role"], row["rule"], *gammas, *exposures)


def _table(head: Row, rows: list[Row]) -> list[str]:
    if not rows:
        return ["None."]
    return [f"| {' | '.join(row)} |" for row in (head, ("---",) * len(head), *rows)]
