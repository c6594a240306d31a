"""Load the configuration: three layers, one schema, and errors that name the nearest known key.

Layers, later ones win: ``config/config.yaml`` (facts that all scales share), ``config/scales/<scale>.yaml``
(the experiment facts of one scale) and the command line. Mappings are merged key by key; lists and scalars
are replaced as a whole.
"""

from __future__ import annotations

import datetime
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from initscale.config.checks import check_consistency, check_overridden
from initscale.config.schema import whole_schema
from initscale.config.texts import is_text
from initscale.errors import ConfigError
from initscale.figures import figure_folders
from initscale.files.schema import INHERITING, check_schema, describe_key, nearest, source_of
from initscale.files.yaml_files import COMMAND_LINE, inherit, merge, parse_value, read_mapping
from initscale.repository import CONFIG_FOLDER

FIGURES = "figures"
OMITTING = ("studies", FIGURES)
"""Sections whose entries a scale leaves out by saying ``null``."""
CURVES = "curves"
"""Folder of the figure that every study has without being given one."""

Layers = list[tuple[str, Mapping]]


@dataclass(frozen=True)
class Loaded:
    """A checked configuration, and who set which key."""

    config: dict
    layers: Layers

    def describe(self, *path) -> str:
        """The key in words, and the layer that set it."""
        return describe_key(path, self.layers)


def parse_override(text: str) -> dict:
    """Turn ``a.b.c=VALUE`` (VALUE in YAML) into the nested mapping ``{a: {b: {c: VALUE}}}``."""
    key, sign, value = text.partition("=")
    parts = key.split(".")
    if not sign or not all(parts):
        hint = "such as `--set 'studies.phase.grid.seed=[0,1]'`, in quotes for the shell"
        raise ConfigError(f"`{text}` is not of the form key.path=value", where=COMMAND_LINE, hint=hint)
    nested: Any = _value(value, tuple(parts))
    for part in reversed(parts):
        nested = {part: nested}
    return nested


def parse_texts(value: Any, path: tuple[str, ...] = ()) -> Any:
    """Read the strings inside a nested command-line value as YAML.

    Snakemake hands over ``--config 'evaluation={sequences: 50}'`` with the number as a string.

    Parameters
    ----------
    path : key that the value is of; where the schema wants a text, the string stays as it is.
    """
    if isinstance(value, Mapping):
        return {key: parse_texts(child, (*path, key)) for key, child in value.items()}
    if isinstance(value, list):
        return [parse_texts(child, path) for child in value]
    return _value(value, path) if isinstance(value, str) else value


def _value(text: str, path: tuple[str, ...]) -> Any:
    value = parse_value(text)
    return text if isinstance(value, int | float | datetime.date) and is_text(path) else value


def load_config(overrides: Mapping | None = None, path: Path | str = CONFIG_FOLDER / "config.yaml") -> dict:
    """Read, merge and check the configuration; see ``load``."""
    return load(overrides, path).config


def load(overrides: Mapping | None = None, path: Path | str = CONFIG_FOLDER / "config.yaml") -> Loaded:
    """Read, merge and check the configuration.

    Parameters
    ----------
    overrides : the command-line layer, for example ``{"scale": "smoke"}``.
    path : config.yaml; schema/ and scales/ lie beside it.

    Raises
    ------
    ConfigError for an unknown scale or key, a wrong type, an impossible value. The message names the key,
    the value, what is allowed and the file that set it.
    """
    layers = _layers(dict(overrides or {}), Path(path))
    config: dict = {}
    for _, layer in layers:
        config = merge(config, layer)
    loaded = Loaded(config, layers)
    for section in OMITTING:
        if isinstance(config.get(section), Mapping):
            config[section] = {name: entry for name, entry in config[section].items() if entry is not None}
    for section in INHERITING:
        if isinstance(config.get(section), Mapping):
            config[section] = inherit(config[section], lambda *p, section=section: loaded.describe(section, *p))
    if all(isinstance(config.get(section), Mapping) for section in OMITTING):
        config[FIGURES] = _all_figures(config, loaded.describe)
    check_schema(config, whole_schema(Path(path).parent / "schema", config.get(FIGURES)), layers)
    check_consistency(config, loaded.describe)
    check_overridden(config, layers[-1][1], loaded.describe)
    return loaded


def _layers(overrides: dict, path: Path) -> Layers:
    folder, base = path.parent, read_mapping(path)
    scale = overrides.get("scale", base.get("scale"))
    scales = sorted(file.stem for file in (folder / "scales").glob("*.yaml"))
    if not scales:
        hint = "give config.yaml; `--scale NAME` chooses a file in scales/ beside it"
        raise ConfigError("there is no folder scales/ with a scale beside it", where=str(path), hint=hint)
    if scale not in scales:
        raise ConfigError(
            f"`{scale}` is not a known scale (known: {', '.join(scales)})",
            where=f"config key `scale` ({source_of(['scale'], [(COMMAND_LINE, overrides)]) or 'config.yaml'})",
            hint=nearest(str(scale), scales) or f"`--scale {scales[0]}`, or a new file in {folder / 'scales'}",
        )
    scale_file = folder / "scales" / f"{scale}.yaml"
    return [(str(path), base), (str(scale_file), read_mapping(scale_file)), (COMMAND_LINE, overrides)]


def _all_figures(config: Mapping, describe: Callable[..., str]) -> dict[str, Any]:
    """The figures that are given, those ``like`` another with all their options, and the curves of every study.

    ``like`` then names the folder that makes the figure.
    """
    given = config[FIGURES]
    resolved = inherit(
        {folder: {} for folder in figure_folders()} | dict(given), lambda *path: describe(FIGURES, *path)
    )
    whole = {name: resolved[name] for name in given}
    for name, entry in whole.items():
        if isinstance(given[name], Mapping) and "like" in given[name]:
            whole[name] = entry | {"like": _folder(given, name)}
    curves = {f"{CURVES}_{study}": {"like": CURVES, "study": study, "target": "by_name"} for study in config["studies"]}
    return {**{name: entry for name, entry in curves.items() if name not in whole}, **whole}


def _folder(figures: Mapping, name: str) -> str:
    other = figures[name].get("like") if isinstance(figures.get(name), Mapping) else None
    return name if other is None else _folder(figures, other)
