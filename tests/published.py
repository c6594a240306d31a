"""Published data sets, which are not part of the repository: tests that need them skip where they are not."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

_BESIDE = Path(__file__).resolve().parents[2] / "shared" / "data"


def published(name: str) -> Path:
    """A file of the folder INITSCALE_REFERENCE_DATA, or of ../shared/data beside the repository."""
    path = Path(os.environ.get("INITSCALE_REFERENCE_DATA", _BESIDE)) / name
    if not path.exists():
        pytest.skip(f"{path} is not there; set INITSCALE_REFERENCE_DATA to the folder that has {name}")
    return path
