"""Load the configuration: three layers, one schema, and errors that name the nearest known key.

Layers, later ones win: ``config/config.yaml`` (facts that all scales share), ``config/scales/<scale>.yaml``
(the experiment facts of one scale) and the command line. Mappings are merged key by key; lists and scalars
are replaced as a whole.
"""

from __future__ import annotations

import difflib
import math
import re
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import jsonschema
import yaml

from initscale.errors import ConfigError

CONFIG_FOLDER = Path(__file__).resolve().parents[2] / "config"
COMMAND_LINE = "the command line"
INHERITING = ("datasets", "models", "training", "studies")
"""Sections whose entries may say ``like: OTHER`` and give only what differs."""
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
    nested: Any = yaml.load(value, Loader=_Loader)
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
    return yaml.load(value, Loader=_Loader) if isinstance(value, str) else value


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

    folder, overrides = Path(path).parent, dict(overrides or {})
    base = read_yaml(Path(path)) or {}
    scale = overrides.get("scale", base.get("scale"))
    scales = sorted(path.stem for path in (folder / "scales").glob("*.yaml"))
    if scale not in scales:
        raise ConfigError(
            f"`{scale}` is not a known scale (known: {', '.join(scales)})",
            where=f"config key `scale` ({_source_of(['scale'], [(COMMAND_LINE, overrides)]) or 'config.yaml'})",
            hint=_nearest(str(scale), scales) or f"add {folder / 'scales' / f'{scale}.yaml'}",
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
    describe = lambda *path: _describe_key(path, layers)  # noqa: E731
    for section in OMITTING:
        if isinstance(config.get(section), Mapping):
            config[section] = {name: entry for name, entry in config[section].items() if entry is not None}
    for section in INHERITING:
        if isinstance(config.get(section), Mapping):
            config[section] = inherit(config[section], lambda *path, section=section: describe(section, *path))
    check_schema(config, read_yaml(folder / "schema.yaml"), layers)
    check_consistency(config, describe)
    return config


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


def check_schema(config: dict, schema: dict, layers: list[tuple[str, Mapping]]) -> None:
    """Raise ``ConfigError`` for the first value that the schema or the finiteness rule refuses."""
    for path, value in _leaves(config):
        if isinstance(value, float) and not math.isfinite(value):
            raise ConfigError(f"{value} is not a finite number", where=_describe_key(path, layers))
    validator = jsonschema.Draft202012Validator(schema)
    order = lambda e: (_is_inherited(e, layers), len(e.absolute_path), str(e.absolute_path))  # noqa: E731
    errors = sorted(validator.iter_errors(config), key=order)
    if errors:
        raise _as_config_error(_most_telling(errors[0]), layers)


def _most_telling(error: jsonschema.ValidationError) -> jsonschema.ValidationError:
    """Inside a failed oneOf/anyOf, take the branch that got furthest."""
    return error if not error.context else jsonschema.exceptions.best_match([error])


def _is_inherited(error: jsonschema.ValidationError, layers: list[tuple[str, Mapping]]) -> bool:
    """Whether an entry has the error from the one it is ``like``, whose own report says more."""
    path = list(error.absolute_path)
    if error.validator == "additionalProperties":
        path += [_unknown_key(error)]
    elif error.validator == "required":
        path += [_missing_key(error)]
    has_like = len(path) > 2 and path[0] in INHERITING and _source_of([*path[:2], "like"], layers) is not None
    return has_like and _source_of(path, layers) is None


def _unknown_key(error: jsonschema.ValidationError) -> str:
    return next(key for key in error.instance if key not in error.schema.get("properties", {}))


def _missing_key(error: jsonschema.ValidationError) -> str:
    return next(key for key in error.validator_value if key not in error.instance)


def _as_config_error(error: jsonschema.ValidationError, layers: list[tuple[str, Mapping]]) -> ConfigError:
    path = list(error.absolute_path)
    if error.validator == "additionalProperties":
        known = sorted(error.schema.get("properties", {}))
        unknown = _unknown_key(error)
        return ConfigError(
            f"unknown key `{unknown}` (known here: {', '.join(known)})",
            where=_describe_key([*path, unknown], layers),
            hint=_nearest(str(unknown), known),
        )
    if error.validator == "propertyNames":
        return ConfigError(
            f"`{error.instance}` is not a usable name ({error.schema.get('description', error.message)})",
            where=_describe_key(path, layers),
        )
    if error.validator == "required":
        return ConfigError(f"the key `{_missing_key(error)}` is missing", where=_describe_key(path, layers))
    allowed = _allowed(error)
    return ConfigError(f"the value {error.instance!r} is not allowed: {allowed}", where=_describe_key(path, layers))


def _allowed(error: jsonschema.ValidationError) -> str:
    rules = {
        "type": "it must be of type {}",
        "enum": "it must be one of {}",
        "const": "it must be {}",
        "minimum": "it must be at least {}",
        "maximum": "it must be at most {}",
        "exclusiveMinimum": "it must be greater than {}",
        "exclusiveMaximum": "it must be less than {}",
        "minItems": "it must have at least {} item(s)",
        "maxItems": "it must have at most {} item(s)",
        "minProperties": "it must have at least {} key(s)",
        "uniqueItems": "no item may be given twice",
        "pattern": "it must match the pattern {}",
    }
    text = rules.get(error.validator, error.message).format(error.validator_value)
    description = error.schema.get("description") if isinstance(error.schema, dict) else None
    return f"{text} ({description})" if description else text


def _nearest(name: str, known: list[str]) -> str | None:
    close = difflib.get_close_matches(name, known, n=1, cutoff=0.5)
    return f"did you mean `{close[0]}`?" if close else None


def _describe_key(path, layers: list[tuple[str, Mapping]]) -> str:
    dotted = ".".join(str(part) for part in path) or "the configuration"
    source = _source_of(path, layers)
    return f"config key `{dotted}`" + (f" (set in {source})" if source else "")


def _source_of(path, layers: list[tuple[str, Mapping]]) -> str | None:
    """Name the last layer that sets the key (list items belong to the layer of their list)."""
    for name, layer in reversed(layers):
        node: Any = layer
        for part in path:
            if isinstance(node, Mapping) and part in node:
                node = node[part]
            elif not (isinstance(node, list) and isinstance(part, int)):
                break
        else:
            return name
    return None


def _leaves(node: Any, path: tuple = ()) -> Iterator[tuple[tuple, Any]]:
    items = node.items() if isinstance(node, Mapping) else enumerate(node) if isinstance(node, list) else None
    if items is None:
        yield path, node
        return
    for key, child in items:
        yield from _leaves(child, (*path, key))
