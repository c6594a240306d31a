"""Figures, a folder each, found by their name: from runs and data to a tidy table, and from the table to pictures.

The folder ``NAME`` has

``__init__``     ``PROBES``, which it reads of every run of its study; ``SOURCES``, other figures whose tables it reads;
                 ``PICTURES``, file stems if there are several; ``TABLES``, parts of its table (name -> which rows),
                 if it has several kinds of rows; ``ONE_ANSWER``, its unseen pair need not have a
                 symmetric answer. All may be left out.
``schema.yaml``  its options, an entry of the section ``figures``
``table``        ``inputs(config)``, the files it reads by name, and ``table(config)``, the Arrow table; the key
                 ``caption`` of its metadata says what a reader must know: scale, n, settings
``drawing``      ``NEEDS``, the columns it reads, and ``draw(table, options)``, matplotlib figures by file stem
``check``        (if needed) ``check(config, describe)`` refuses options that do not fit the study

An entry ``{like: NAME, ...}`` of the configuration is a further figure of the same folder, with other options.
"""

from __future__ import annotations

import importlib
import importlib.util
import math
import os
import re
from pathlib import Path
from types import ModuleType

from initscale.files.parts import part_path

os.environ["MPLBACKEND"] = "Agg"  # pictures go into files; a notebook's setting would stop matplotlib's import


def figure_folders() -> list[str]:
    """Names of all folders that make a figure."""
    return sorted(path.parent.name for path in Path(__file__).parent.glob("*/drawing.py"))


def figure_order(figure: str) -> tuple[float, str]:
    """Sorts figures: the paper's order, then those beyond it by name."""
    number = re.match(r"fig(\d+)", figure)
    return (int(number[1]) if number else math.inf, figure)


def folder_of(config: dict, figure: str) -> str:
    """Folder that makes a figure: its own, or that of the figure that it is ``like``."""
    return config["figures"][figure].get("like", figure)


def load_figure(folder: str, part: str = "") -> ModuleType:
    """Import what a folder declares, or its part ``table``, ``drawing`` or ``check``."""
    return importlib.import_module(".".join(filter(None, [__name__, folder, part])))


def has_part(folder: str, part: str) -> bool:
    """Whether a folder has the part, without importing it."""
    return importlib.util.find_spec(f"{__name__}.{folder}.{part}") is not None


def declared(folder: str, name: str):
    """What a folder declares under a name such as ``PROBES``; nothing if it does not."""
    return getattr(load_figure(folder), name, ())


def as_its_folder(config: dict, figure: str) -> dict:
    """The configuration as the folder's modules read it: the figure's options stand under the folder's name."""
    figures = config["figures"]
    return config | {"figures": figures | {folder_of(config, figure): figures[figure]}}


def stems(config: dict, figure: str) -> tuple[str, ...]:
    """File stems of the pictures of a figure."""
    folder = folder_of(config, figure)
    return tuple(own_stem(stem, folder, figure) for stem in declared(folder, "PICTURES") or (folder,))


def own_stem(stem: str, folder: str, figure: str) -> str:
    """The stem that a picture of the folder has for one of its figures."""
    return figure + stem.removeprefix(folder)


def table_files(layout, figure: str) -> list[str]:
    """Files of a figure's table: one, or one for each of the parts that its folder declares."""
    path, parts = layout.table(figure), declared(folder_of(layout.config, figure), "TABLES")
    return [part_path(path, name) for name in parts] or [path]


def pictures_of(layout, figure: str) -> list[str]:
    """Every file that is drawn of a figure; ``layout`` is the ``initscale.experiment.paths.Layout`` of the scale."""
    return [layout.figure(stem, suffix) for stem in stems(layout.config, figure) for suffix in ("pdf", "png")]
