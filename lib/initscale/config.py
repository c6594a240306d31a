"""Load the configuration: three layers, one schema, and errors that name the nearest known key.

Layers, later ones win: ``config/config.yaml`` (facts that all scales share), ``config/scales/<scale>.yaml``
(the experiment facts of one scale) and the command line. Mappings are merged key by key; lists and scalars
are replaced as a whole.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import yaml

from initscale.config_schema import INHERITING, check_schema, describe_key, nearest, source_of
from initscale.errors import ConfigError
from initscale.tasks import task_names

TASKS = Path(__file__).resolve().parent / "tasks"
CONFIG_FOLDER = Path(__file__).resolve().parents[2] / "config"
COMMAND_LINE = "the command line"
OMITTING = ("studies", "figures")
"""Sections whose entries a scale leaves out by saying ``null``."""


class _Loader(yaml.SafeLoader):
    """YAML with numbers as in YAML 1.2 (``1e-4`` is a number) and without silently repeated keys."""


_Loader.add_implicit_resolver(
    "tag:yaml.org,2002:float",
    re.compile(r"^[-+]?(?:[0-9]+\.?[0-9]*|\.[0-9]+)[eE][-+]?[0-9]+$"),
    list("-+0123456789."),
)


def _mapping_without_repeats(loader: _Loader, node: yaml.MappingNode) -> dict:
    keys = [loader.construct_object(key, deep=True) for key, _ in node.value]
    for key, (key_node, _) in zip(keys, node.value, strict=True):
        if keys.count(key) > 1:
            raise ConfigError(
                f"the key `{key}` is given twice",
                where=f"{loader.name}, line {key_node.start_mark.line + 1}",
                hint="keep one of them; YAML would silently drop the first",
            )
    return {key: loader.construct_object(value, deep=True) for key, (_, value) in zip(keys, node.value, strict=True)}


_Loader.add_constructor(yaml.resolver.BaseResolver.DEFAULT_MAPPING_TAG, _mapping_without_repeats)


def read_yaml(path: Path) -> Any:
    """Parse one YAML file, or raise ``ConfigError`` naming the file and the line."""
    try:
        with open(path, encoding="utf-8") as stream:
            return yaml.load(stream, Loader=_Loader)
    except OSError as error:
        raise ConfigError(f"cannot be read ({error.strerror})", where=str(path)) from error
    except yaml.YAMLError as error:
        raise ConfigError(f"is not valid YAML: {' '.join(str(error).split())}", where=str(path)) from error


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


def parse_value(text: str) -> Any:
    """Read one value of the command line as YAML.

    Raises
    ------
    ConfigError if it is not valid YAML.
    """
    try:
        return yaml.load(text, Loader=_Loader)
    except yaml.YAMLError as error:
        hint = "is a bracket or quote missing? Put the whole argument in quotes for the shell"
        raise ConfigError(f"`{text}` is not valid YAML ({_in_short(error)})", where=COMMAND_LINE, hint=hint) from error


def _in_short(error: yaml.YAMLError) -> str:
    return str(getattr(error, "problem", None) or " ".join(str(error).split())[:200])


def merge(base: Any, over: Any) -> Any:
    """Merge two config layers: mappings key by key, everything else replaced by ``over``."""
    if not (isinstance(base, Mapping) and isinstance(over, Mapping)):
        return over
    return {
        **base,
        **{key: merge(base[key], value) if key in base else value for key, value in over.items()},
    }


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
    from initscale.config_checks import check_consistency
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
        of_task = read_yaml(TASKS / task / "schema.yaml")
        schema["$defs"] |= of_task.pop("$defs", {})
        condition = {"properties": {"task": {"const": task}}, "required": ["task"]}
        cases.append({"if": condition, "then": of_task})
    schema["$defs"]["dataset"]["properties"]["task"]["enum"] = task_names()
    schema["$defs"]["dataset"]["allOf"] = cases
    return schema


def inherit(section: Mapping, describe: Callable[..., str]) -> dict:
    """Replace every entry ``{like: OTHER, ...}`` by OTHER's keys with its own on top.

    Raises
    ------
    ConfigError if OTHER does not exist or leads back to the entry itself.
    """

    def resolve(name: str, asked_by: tuple[str, ...]) -> Any:
        entry = section[name]
        if not (isinstance(entry, Mapping) and "like" in entry):
            return entry
        other, own = entry["like"], {key: value for key, value in entry.items() if key != "like"}
        where = describe(name, "like")
        if other not in section:
            raise ConfigError(f"`{other}` does not exist (known: {', '.join(sorted(section))})", where=where)
        if other in (*asked_by, name):
            raise ConfigError(f"`{other}` leads back to `{name}`", where=where)
        return merge(resolve(other, (*asked_by, name)), own)

    return {name: resolve(name, ()) for name in section}
