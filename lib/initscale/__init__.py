"""initscale: does the scale of the random initialization decide what a transformer learns?

The names below are the public interface (docs/own-model.md). They are imported when they are first used, so that
``import initscale`` is quick and the command line needs no torch to print its help.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from initscale.api.attention import attention_flow
    from initscale.api.initialize import initialize_
    from initscale.api.measures import condensation, ordinality, stable_rank
    from initscale.api.runs import load
    from initscale.probes.run import open_run

__version__ = "0.1.0"
__all__ = ["attention_flow", "condensation", "initialize_", "load", "open_run", "ordinality", "stable_rank"]

_MODULES = {
    "attention_flow": "initscale.api.attention",
    "condensation": "initscale.api.measures",
    "initialize_": "initscale.api.initialize",
    "load": "initscale.api.runs",
    "open_run": "initscale.probes.run",
    "ordinality": "initscale.api.measures",
    "stable_rank": "initscale.api.measures",
}


def __getattr__(name: str) -> object:
    if name not in _MODULES:
        raise AttributeError(f"module `initscale` has no attribute `{name}` (it offers {', '.join(__all__)})")
    found = getattr(importlib.import_module(_MODULES[name]), name)
    globals()[name] = found
    return found


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
