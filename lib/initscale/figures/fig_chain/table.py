"""Table of fig_chain: two-step reasoning over the initialization, at the end of every run and over its training."""

from __future__ import annotations

import pandas as pd
import pyarrow as pa

from initscale.figures.reading.all_runs import nullable_table
from initscale.figures.reading.captions import model_words
from initscale.figures.reading.courses import RUN_COLUMNS, courses
from initscale.figures.reading.histories import history_files
from initscale.figures.reading.probe_files import probe_files
from initscale.files.storage import read_table
from initscale.files.tables import Column
from initscale.tasks.chain.definition import guessing

GROUPS = ("train", "test", "ood")
COLUMNS = (
    *RUN_COLUMNS,
    Column("train", "float64", "share", "accuracy on training sequences"),
    Column("test", "float64", "share", "accuracy where no edge was ever seen"),
    Column("ood", "float64", "share", "accuracy where the query and the token behind it are new"),
    Column("guessing", "float64", "share", "that of guessing a familiar token there"),
    *(
        Column(f"match_{layer}_{group}", "float64", "1", f"matching of {group} tokens in layer {layer} (kind run)")
        for layer in (1, 2)
        for group in ("familiar", "new")
    ),
)


def inputs(config: dict) -> dict[str, list[str]]:
    """Files that the table is made of."""
    studies = config["figures"]["fig_chain"]["studies"]
    files = {f"histories_{study}": history_files(config, study) for study in studies}
    return files | {f"matching_{study}": probe_files(config, study, "matching") for study in studies}


def table(config: dict) -> pa.Table:
    """Make the table; see ``COLUMNS``."""
    studies = config["figures"]["fig_chain"]["studies"]
    frames = [frame for study in studies for frame in _study_rows(config, study)]
    first = config["studies"][studies[0]]
    spec = config["datasets"][first["dataset"]]
    words = (
        f"Scale `{config['scale']}`: chains of {spec['edges']} edges over {spec['tokens']} tokens, two steps; "
        f"{model_words(config, studies[0])}."
    )
    return nullable_table(COLUMNS, frames, words)


def _study_rows(config: dict, study: str) -> list[pd.DataFrame]:
    level, frames = guessing(config["datasets"][config["studies"][study]["dataset"]]), []
    columns = {group: f"acc_{group}" for group in GROUPS}
    runs = zip(courses(config, study, columns), probe_files(config, study, "matching"), strict=True)
    for course, path in runs:
        scores = read_table(path).to_pandas().set_index("part")["value"]
        found = {f"match_{part.removeprefix('layer').replace('.', '_')}": value for part, value in scores.items()}
        frames += [course.assign(guessing=level), course.tail(1).assign(kind="run", guessing=level, **found)]
    return frames
