"""Reading YAML, and laying one mapping over another."""

from __future__ import annotations

import difflib
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
        if isinstance(key, list | dict | set):
            raise yaml.constructor.ConstructorError(problem=f"{key} is no key", problem_mark=key_node.start_mark)
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
            return _without_loops(yaml.load(stream, Loader=_Loader))
    except OSError as error:
        hint = "`--config` takes a file such as config/config.yaml, with schema/ and scales/ beside it"
        raise ConfigError(f"cannot be read ({error.strerror})", where=str(path), hint=hint) from error
    except _NOT_YAML as error:
        hint = "`git diff` shows what was changed in a file of the project"
        raise ConfigError(f"is not valid YAML: {' '.join(str(error).split())}", where=str(path), hint=hint) from error


_NOT_YAML = (yaml.YAMLError, ValueError, RecursionError)
"""ValueError: bytes that are no text, or dates such as 2026-13-01; RecursionError: brackets without end."""


def read_mapping(path: Path) -> dict:
    """Parse a YAML file that has keys; an empty one has none.

    Raises
    ------
    ConfigError if it cannot be read or has no keys.
    """
    content = read_yaml(path)
    if content is not None and not isinstance(content, dict):
        raise ConfigError(f"has no keys (it is a {type(content).__name__})", where=str(path))
    return content or {}


def _without_loops(value: Any, around: tuple[int, ...] = ()) -> Any:
    """The value, if no list or mapping in it contains itself (by an alias)."""
    if id(value) in around:
        raise yaml.YAMLError("a value contains itself")
    for child in value.values() if isinstance(value, dict) else value if isinstance(value, list) else ():
        if isinstance(child, dict | list):
            _without_loops(child, (*around, id(value)))
    return value


def parse_value(text: str) -> Any:
    """Read one value of the command line as YAML.

    Raises
    ------
    ConfigError if it is not valid YAML.
    """
    try:
        return _without_loops(yaml.load(text, Loader=_Loader))
    except _NOT_YAML as error:
        hint = "is a bracket or quote missing? Put the whole argument in quotes for the shell"
        raise ConfigError(f"`{text}` is not valid YAML ({_in_short(error)})", where=COMMAND_LINE, hint=hint) from error


def _in_short(error: Exception) -> str:
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
        if not isinstance(other, str) or other not in section:
            known = sorted(map(str, section))
            close = difflib.get_close_matches(str(other), known, n=1, cutoff=0.5)
            hint = f"did you mean `{close[0]}`?" if close else None
            raise ConfigError(f"`{other}` does not exist (known: {', '.join(known)})", where=where, hint=hint)
        if other in (*asked_by, name):
            raise ConfigError(f"`{other}` leads back to `{name}`", where=where)
        return merge(resolve(other, (*asked_by, name)), own)

    return {name: resolve(name, ()) for name in section}
