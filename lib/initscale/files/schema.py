"""Hold a merged configuration against its schema, with errors that name key, value, what is allowed and who set it.

``layers`` are names and contents of what was merged, later ones win; see ``initscale.config.load``.
"""

from __future__ import annotations

import difflib
import math
from collections.abc import Iterator, Mapping
from typing import Any

import jsonschema

from initscale.errors import ConfigError

INHERITING = ("datasets", "models", "training", "studies")
"""Sections whose entries may say ``like: OTHER`` and give only what differs."""


def _is_whole(_checker, value: Any) -> bool:
    """2.0 is no number of layers: it would be written into folder names."""
    return isinstance(value, int) and not isinstance(value, bool)


_Validator = jsonschema.validators.extend(
    jsonschema.Draft202012Validator,
    type_checker=jsonschema.Draft202012Validator.TYPE_CHECKER.redefine("integer", _is_whole),
)


def check_schema(config: dict, schema: dict, layers: list[tuple[str, Mapping]]) -> None:
    """Raise ``ConfigError`` for the first value that the schema or the finiteness rule refuses."""
    for path, value in _leaves(config):
        if isinstance(value, float) and not math.isfinite(value):
            raise ConfigError(f"{value} is not a finite number", where=describe_key(path, layers))
    validator = _Validator(schema)
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
    inheriting = len(path) > 2 and path[0] in (*INHERITING, "claims")
    has_like = inheriting and source_of([*path[:2], "like"], layers) is not None
    return has_like and source_of(path, layers) is None


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
            where=describe_key([*path, unknown], layers),
            hint=nearest(str(unknown), known),
        )
    if error.validator == "propertyNames":
        return ConfigError(
            f"`{error.instance}` is not a usable name ({error.schema.get('description', error.message)})",
            where=describe_key(path, layers),
        )
    if error.validator == "required":
        return ConfigError(f"the key `{_missing_key(error)}` is missing", where=describe_key(path, layers))
    allowed = _allowed(error)
    return ConfigError(f"the value {error.instance!r} is not allowed: {allowed}", where=describe_key(path, layers))


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
    rule = rules.get(error.validator)
    text = rule.format(error.validator_value) if rule else error.message
    description = error.schema.get("description") if isinstance(error.schema, dict) else None
    return f"{text} ({description})" if description else text


def nearest(name: str, known: list[str]) -> str | None:
    """Hint with the known name that is most alike; None if none is."""
    close = difflib.get_close_matches(name, known, n=1, cutoff=0.5)
    return f"did you mean `{close[0]}`?" if close else None


def describe_key(path, layers: list[tuple[str, Mapping]]) -> str:
    """The key in words, and the layer that set it."""
    dotted = ".".join(str(part) for part in path) or "the configuration"
    source = source_of(path, layers)
    return f"config key `{dotted}`" + (f" (set in {source})" if source else "")


def source_of(path, layers: list[tuple[str, Mapping]]) -> str | None:
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
