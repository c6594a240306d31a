"""The paper's values that a figure draws beside its own."""

from __future__ import annotations

import os
import re

import pandas as pd

from initscale.claims.definitions import VALUES_FILE, read_values

_NUMBER = r"([0-9.]+)"


def values_files() -> list[str]:
    """The file of the paper's values, as an input of a table (relative, so that a checkout can be moved)."""
    return [os.path.relpath(VALUES_FILE)]


def paper_points(figure: str) -> pd.DataFrame:
    """Values of a figure that were read off the paper.

    Returns
    -------
    One row per value: ``quantity``, ``value``, ``gamma`` and, where the setting names them, ``weight_decay`` and
    ``size`` (``50k samples`` are 50,000).
    """
    found = [value for value in read_values().values() if value.figure == figure]
    rows = [{"quantity": value.quantity, "value": value.value, **_setting(value.setting)} for value in found]
    return pd.DataFrame(rows)


def _setting(text: str) -> dict[str, float]:
    patterns = {
        "gamma": rf"gamma {_NUMBER}",
        "weight_decay": rf"weight decay {_NUMBER}",
        "size": rf"{_NUMBER}k samples",
    }
    found = {name: re.search(pattern, text) for name, pattern in patterns.items()}
    scale = {"size": 1000.0}
    return {name: float(match[1]) * scale.get(name, 1.0) for name, match in found.items() if match}
