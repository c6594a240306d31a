"""Reading YAML, and laying one mapping over another."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import yaml

from initscale.errors import ConfigError

COMMAND_LINE = "the command line"


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
