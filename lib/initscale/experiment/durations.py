"""Times written in the config: `2500 steps`, `210 epochs`."""

from __future__ import annotations


def steps_per_epoch(rows: int, batch: int) -> int:
    """Full batches in one pass over the data; the incomplete last one is dropped (370 in the paper)."""
    return rows // batch


def parse_time(text: str, per_epoch: int) -> int:
    """Number of steps meant by ``text``, rounded to the nearest whole step.

    >>> parse_time("210 epochs", 370)
    77700
    """
    number, unit = text.split()
    return round(float(number) * (per_epoch if unit == "epochs" else 1))
