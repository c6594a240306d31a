"""The paper's values that a figure draws beside its own."""

from __future__ import annotations

import os
import re

import pandas as pd

from initscale.paper.values import VALUES_FILE, read_values

_NUMBERS = {"gamma": re.compile(r"gamma ([0-9.]+)"), "weight_decay": re.compile(r"weight decay ([0-9.]+)")}
_SIZE = re.compile(r"(all|[0-9.]+)(k?) samples")


def values_files() -> list[str]:
    """The file of the paper's values, as an input of a table (relative, so that a checkout can be moved)."""
    return [os.path.relpath(VALUES_FILE)]


def paper_points(figure: str, everything: int | None = None) -> pd.DataFrame:
    """Values of a figure that were read off the paper.

    Parameters
    ----------
    figure : number and panel, such as ``6a``.
    everything : what the paper calls all samples.

    Returns
    -------
    One row per value: ``quantity``, ``value``, ``words`` (its setting) and, where the setting names them, ``gamma``,
    ``weight_decay`` and ``size`` (``50k samples`` are 50,000).
    """
    found = [value for value in read_values().values() if value.figure == figure]
    rows = [
        {
            "quantity": value.quantity,
            "value": value.value,
            "words": value.setting,
            **_setting(value.setting, everything),
        }
        for value in found
    ]
    return pd.DataFrame(rows)


def _setting(text: str, everything: int | None) -> dict[str, float | None]:
    found = {name: pattern.search(text) for name, pattern in _NUMBERS.items()}
    numbers = {name: float(match[1]) for name, match in found.items() if match}
    if size := _SIZE.search(text):
        numbers["size"] = everything if size[1] == "all" else float(size[1]) * (1000.0 if size[2] else 1.0)
    return numbers
