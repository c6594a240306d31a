"""Keys whose value is a text, from the schema: an account 1234 stays as it is typed."""

from __future__ import annotations

import functools
from collections.abc import Mapping
from typing import Any

from initscale.config.schema import whole_schema
from initscale.repository import CONFIG_FOLDER


def is_text(path: tuple[str, ...]) -> bool:
    """Whether a key takes a text and no number."""
    nodes: list[Mapping] = [_schema()]
    for part in path:
        nodes = [child for node in nodes for child in _children(node, part)]
    kinds = {kind for node in nodes for kind in _kinds(node)}
    return "string" in kinds and not kinds & {"number", "integer", "boolean", "object", "array", "any"}


@functools.cache
def _schema() -> dict:
    return whole_schema(CONFIG_FOLDER / "schema")


def _branches(node: Any) -> list[Mapping]:
    """The node, what it refers to, and its alternatives."""
    if not isinstance(node, Mapping):
        return []
    found = [node]
    if "$ref" in node:
        found += _branches(_schema()["$defs"][node["$ref"].rpartition("/")[2]])
    for word in ("anyOf", "oneOf", "allOf"):
        found += [branch for child in node.get(word, []) for branch in _branches(child)]
    return found + [branch for word in ("then", "else") for branch in _branches(node.get(word))]


def _children(node: Mapping, name: str) -> list[Mapping]:
    found = []
    for branch in _branches(node):
        if name in branch.get("properties", {}):
            found.append(branch["properties"][name])
        elif isinstance(branch.get("additionalProperties"), Mapping):
            found.append(branch["additionalProperties"])
        elif isinstance(branch.get("items"), Mapping) and "properties" not in branch:
            found += _children(branch["items"], name)
    return found


def _kinds(node: Mapping) -> set[str]:
    found: set[str] = set()
    for branch in _branches(node):
        kind = branch.get("type")
        found |= {kind} if isinstance(kind, str) else set(kind or ())
        for value in [*branch.get("enum", []), *([branch["const"]] if "const" in branch else [])]:
            found.add("string" if isinstance(value, str) else "null" if value is None else "any")
    return found
