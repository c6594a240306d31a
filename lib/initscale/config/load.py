"""Load the configuration: three layers, one schema, and errors that name the nearest known key.

Layers, later ones win: ``config/config.yaml`` (facts that all scales share), ``config/scales/<scale>.yaml``
(the experiment facts of one scale) and the command line. Mappings are merged key by key; lists and scalars
are replaced as a whole.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from initscale.errors import ConfigError
from initscale.files.schema import INHERITING, check_schema, describe_key, nearest, source_of
from initscale.files.yaml_files import COMMAND_LINE, inherit, merge, parse_value, read_yaml
from initscale.repository import CONFIG_FOLDER, PACKAGE
from initscale.tasks import task_names

OMITTING = ("studies", "figures")
"""Sections whose entries a scale leaves out by saying ``null``."""


def parse_override(text: str) -> dict:
    """Turn ``a.b.c=VALUE`` (VALUE in YAML) into the nested mapping ``{a: {b: {c: VALUE}}}``."""
    key, sign, value = text.partition("=")
    if not sign or not key:
        raise ConfigError(f"`{text}` is not of the form key.path=value", where=COMMAND_LINE)
    nested: Any = parse_value(value)
    for part in reversed(key.split(".")):
        nested = {part: nested}
    return nested


def parse_texts(value: Any) -> Any:
    """Read the strings inside a nested command-line value as YAML.

    Snakemake hands over ``--config 'evaluation={sequences: 50}'`` with the number as a string.
    """
    if isinstance(value, Mapping):
        return {key: parse_texts(child) for key, child in value.items()}
    if isinstance(value, list):
        return [parse_texts(child) for child in value]
    return parse_value(value) if isinstance(value, str) else value


def load_config(overrides: Mapping | None = None, path: Path | str = CONFIG_FOLDER / "config.yaml") -> dict:
    """Read, merge and check the configuration.

    Parameters
    ----------
    overrides : the command-line layer, for example ``{"scale": "smoke"}``.
    path : config.yaml; schema.yaml and scales/ lie beside it.

    Raises
    ------
    ConfigError for an unknown scale or key, a wrong type, an impossible value. The message names the key,
    the value, what is allowed and the file that set it.
    """
    from initscale.config.checks import check_consistency
    from initscale.systems import with_system_schemas

    folder, overrides = Path(path).parent, dict(overrides or {})
    base = read_yaml(Path(path)) or {}
    scale = overrides.get("scale", base.get("scale"))
    scales = sorted(path.stem for path in (folder / "scales").glob("*.yaml"))
    if scale not in scales:
        raise ConfigError(
            f"`{scale}` is not a known scale (known: {', '.join(scales)})",
            where=f"config key `scale` ({source_of(['scale'], [(COMMAND_LINE, overrides)]) or 'config.yaml'})",
            hint=nearest(str(scale), scales) or f"add {folder / 'scales' / f'{scale}.yaml'}",
        )
    scale_file = folder / "scales" / f"{scale}.yaml"
    layers = [
        (str(path), base),
        (str(scale_file), read_yaml(scale_file) or {}),
        (COMMAND_LINE, overrides),
    ]
    config: dict = {}
    for _, layer in layers:
        config = merge(config, layer)
    describe = lambda *path: describe_key(path, layers)  # noqa: E731
    for section in OMITTING:
        if isinstance(config.get(section), Mapping):
            config[section] = {name: entry for name, entry in config[section].items() if entry is not None}
    for section in INHERITING:
        if isinstance(config.get(section), Mapping):
            config[section] = inherit(config[section], lambda *path, section=section: describe(section, *path))
    check_schema(config, with_system_schemas(whole_schema(folder / "schema.yaml")), layers)
    check_consistency(config, describe)
    return config


def whole_schema(path: Path) -> dict:
    """The schema with what each task says of its data sets (``tasks/NAME/schema.yaml``)."""
    schema, cases = read_yaml(path), []
    for task in task_names():
        of_task = read_yaml(PACKAGE / "tasks" / task / "schema.yaml")
        schema["$defs"] |= of_task.pop("$defs", {})
        condition = {"properties": {"task": {"const": task}}, "required": ["task"]}
        cases.append({"if": condition, "then": of_task})
    schema["$defs"]["dataset"]["properties"]["task"]["enum"] = task_names()
    schema["$defs"]["dataset"]["allOf"] = cases
    return schema
