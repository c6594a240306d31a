"""Short words for the JSON schemas that modules declare for their own options."""

from __future__ import annotations


def section(description: str, properties: dict) -> dict:
    """A mapping that has exactly these keys."""
    closed = {"additionalProperties": False, "required": list(properties), "properties": properties}
    return {"type": "object", **closed, "description": description}


def integer(description: str, minimum: int = 1, **limits) -> dict:
    """A whole number; ``limits`` in the words of JSON Schema."""
    return {"type": "integer", "minimum": minimum, **limits, "description": description}


def number(description: str, **limits) -> dict:
    """A number; ``limits`` in the words of JSON Schema, otherwise it must be greater than 0."""
    return {"type": "number", **(limits or {"exclusiveMinimum": 0}), "description": description}


def several(description: str, items: dict) -> dict:
    """A list of at least one entry, none of them twice."""
    return {"type": "array", "minItems": 1, "uniqueItems": True, "items": items, "description": description}


def tuple_of(description: str, length: int, items: dict) -> dict:
    """A list of fixed length."""
    return {"type": "array", "minItems": length, "maxItems": length, "items": items, "description": description}


SEEDS = several("seeds", integer("seed", minimum=0))
