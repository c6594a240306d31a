"""Table of the recovery: which fits and trainings found their target, over samples and initialization.

Kinds of rows, with what ``value`` is there:

matrix   1 if the matrix was recovered, else 0
fitted   1 if the known entries were fitted, else 0
samples  fewest samples at which any trial (part: any) or half of them (part: half) recovered the matrix; null if none
tanh     relative error on new samples
"""

from __future__ import annotations

from collections.abc import Iterator

import pandas as pd
import pyarrow as pa

from initscale.experiment.paths import Layout
from initscale.figures.reading.all_runs import nullable_table
from initscale.files.storage import read_table
from initscale.files.tables import Column

SYSTEMS = ("recovery", "recovery_tanh")
COLUMNS = (
    Column("kind", "string", "", "matrix, fitted, samples or tanh"),
    Column("part", "string", "", "any or half (kind samples)"),
    Column("target", "int64", "1", "rank of the matrix, or neurons of the target network"),
    Column("entries", "string", "", "best_case or random: which entries are known first; null for networks"),
    Column("std", "float64", "1", "standard deviation of the start"),
    Column("samples", "int64", "samples", "known entries or training samples"),
    Column("optimistic", "int64", "samples", "degrees of freedom of the target"),
    Column("excess", "int64", "samples", "samples beyond the optimistic size"),
    Column("seed", "int64", "", "trial; 0 for the kind samples"),
    Column("value", "float64", "see kind", "what was found"),
)


def inputs(config: dict) -> dict[str, str]:
    """Files that the table is made of."""
    return {system: Layout(config).system(system) for system in SYSTEMS}


def table(config: dict) -> pa.Table:
    """Make the table; see ``COLUMNS``."""
    fits, trainings = (read_table(path).to_pandas() for path in inputs(config).values())
    fits, trainings = fits.rename(columns={"rank": "target"}), trainings.rename(columns={"neurons": "target"})
    frames = [
        fits.assign(kind="matrix", value=fits["recovered"].astype(float)),
        fits.assign(kind="fitted", value=fits["fitted"].astype(float)),
        pd.DataFrame(_fewest_samples(fits)),
        trainings.assign(kind="tanh", value=trainings["error"]),
    ]
    for frame in frames[:2] + frames[3:]:
        frame["excess"] = frame["samples"] - frame["optimistic"]
    return nullable_table(COLUMNS, frames, _caption(config, fits))


def _fewest_samples(fits: pd.DataFrame) -> Iterator[dict]:
    names = ["target", "entries", "std", "optimistic"]
    for facts, rows in fits.groupby(names):
        shares = rows.groupby("samples")["recovered"].mean()
        for part, reached in (("any", shares > 0), ("half", shares >= 0.5)):
            fewest = shares.index[reached].min() if reached.any() else None
            yield dict(zip(names, facts, strict=True)) | {"kind": "samples", "part": part, "seed": 0, "value": fewest}


def _caption(config: dict, fits: pd.DataFrame) -> str:
    matrix, network = (config["systems"][system] for system in SYSTEMS)
    return (
        f"Scale `{config['scale']}`. Matrices: {matrix['size']} x {matrix['size']}, both factors of full width, "
        f"{matrix['trials']} trials; recovered: mean square error below {matrix['threshold']:g} (entries have mean "
        f"square 1); in {fits['fitted'].mean():.1%} of the fits the known entries are that close. Networks: "
        f"{network['width']} tanh neurons, input dimension {network['dimension']}, {network['trials']} trials, "
        f"{network['steps']} steps."
    )
