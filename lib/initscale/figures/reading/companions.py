"""Tables of the figures beyond the paper that show a probe's scores for every run: one row per run and score.

``quantity`` and ``part`` are defined in the docstring of the probe. A run's phase is read from the answers in the last
row of its history (``initscale.figures.reading.phases``, with the thresholds of Fig 2 and fig_circuits).
"""

from __future__ import annotations

import pandas as pd
import pyarrow as pa

from initscale.experiment.grid import study_points
from initscale.figures.reading.all_runs import GRID_COLUMNS
from initscale.figures.reading.captions import model_words, task_words
from initscale.figures.reading.displayed import full_point
from initscale.figures.reading.histories import answer_columns, history_files
from initscale.figures.reading.phases import SHADED, phases
from initscale.figures.reading.probe_files import probe_files
from initscale.files.storage import read_table
from initscale.files.tables import Column, last_row, make_table
from initscale.models.scale import embedding_std

RUN_COLUMNS = (
    *GRID_COLUMNS,
    Column("embedding_std", "float64", "1", "initial standard deviation of the token embedding"),
    Column("phase", "string", "", "symmetric, inferential, neither or shaded, by the run's own answers"),
    Column("fitted", "bool", "", "whether seen pairs with test keys are answered well enough (phase is not shaded)"),
    Column("loss", "float64", "nats", "training loss before the last evaluation"),
    Column("seen", "float64", "share", "accuracy on seen pairs with test keys"),
    Column("symmetric", "float64", "share", "share of symmetric answers to the unseen pair"),
    Column("inferential", "float64", "share", "share of inferential answers to the unseen pair"),
)
COLUMNS = (
    *RUN_COLUMNS,
    Column("quantity", "string", "", "what the number is; see the docstring of the probe"),
    Column("part", "string", "", "what it is measured on: a layer or the name of a weight; empty if there is one"),
    Column("value", "float64", "as the quantity", "the number"),
)


def companion_files(config: dict, figure: str, probe: str) -> dict[str, list[str]]:
    """Files that the table of a figure is made of: history and probe of every run of its study."""
    study = config["figures"][figure]["study"]
    return {probe: probe_files(config, study, probe), "histories": history_files(config, study)}


def companion_table(config: dict, figure: str, probe: str, words: str) -> pa.Table:
    """Every score of one probe for every run, with a caption that ends in ``words``."""
    rows = companion_rows(config, figure, probe)
    rows = rows[rows["i"] < 0]
    table = make_table(COLUMNS, {c.name: rows[c.name].to_numpy() for c in COLUMNS})
    seen, answered = _thresholds(config)
    colours = (
        f"Dots: runs, coloured by their own answers to the unseen pair (more than {answered:.0%} of them; grey: under "
        f"{seen:.0%} on seen pairs); lines: means, geometric on logarithmic axes."
    )
    return table.replace_schema_metadata({"caption": caption(config, figure, f"{colours} {words}")})


def companion_rows(config: dict, figure: str, probe: str) -> pd.DataFrame:
    """Rows of a probe for every run of a figure's study, with ``RUN_COLUMNS``."""
    study = config["figures"][figure]["study"]
    facts, files = run_rows(config, figure), probe_files(config, study, probe)
    frames = [
        read_table(path).to_pandas().assign(**fact) for path, fact in zip(files, facts.to_dict("records"), strict=True)
    ]
    return pd.concat(frames, ignore_index=True)


def run_rows(config: dict, figure: str) -> pd.DataFrame:
    """One row per run of a figure's study, with ``RUN_COLUMNS``, in the order of its grid points."""
    options = config["figures"][figure]
    study, answers = options["study"], answer_columns(options)
    section = config["studies"][study]
    rows = []
    for point, path in zip(study_points(section), history_files(config, study), strict=True):
        last = last_row(read_table(path))
        row = full_point(config, study, point) | {mapping: last[column] for mapping, column in answers.items()}
        std = embedding_std(config["models"][section["model"]], point["gamma"])
        rows.append(row | {"embedding_std": std, "loss": last["loss"], "seen": last["acc_test"]})
    found = pd.DataFrame(rows)
    found["phase"] = phases(found, *_thresholds(config))
    return found.assign(fitted=found["phase"] != SHADED)[[c.name for c in RUN_COLUMNS]]


def _thresholds(config: dict) -> tuple[float, float]:
    return config["figures"]["fig2"]["shade_below"], config["figures"]["fig_circuits"]["answered"]


def caption(config: dict, figure: str, words: str) -> str:
    """Scale, task and model of a figure's study, and ``words``."""
    study = config["figures"][figure]["study"]
    task = task_words(config, config["studies"][study]["dataset"])
    return f"Scale `{config['scale']}`: {task}; {model_words(config, study)}. {words}"
