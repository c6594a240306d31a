"""Table of Fig 4: cosines of fused and single-anchor vectors of two runs, and the scores of all runs.

Scores are defined in the probe ``parallel``: parallelism = mean cosine where targets are equal minus mean of the rest,
for v(x; a1, a2) = Xao at the last token (``fused``) and u(x; a1) = row of V at the first anchor (``single``), each
also centred; commutativity of Xao(1), logits and predictions (``ao``, ``logits``, ``outputs``).
``fused_level`` is the mean of all cosines of fused vectors that Fig 4a,b shows, related or not.
``outputs_of_unseen`` is the share of equal predictions for the unseen pair and its mirror,
``symmetric_accuracy`` and ``inferential_accuracy`` are accuracies on the unseen pair, so that phases can be told apart.
"""

from __future__ import annotations

import pandas as pd
import pyarrow as pa

from initscale.figures.reading.all_runs import GRID_COLUMNS, all_runs, nullable_table, of_run, unseen_accuracies
from initscale.figures.reading.captions import model_words, task_words
from initscale.figures.reading.displayed import PHASES, full_point, phase_points
from initscale.figures.reading.probe_files import probe_files
from initscale.files.tables import Column
from initscale.probes.parallel.measure import COLUMNS as PROBE_COLUMNS
from initscale.probes.parallel.measure import MATRICES
from initscale.tasks.anchor.definition import unseen_pairs

COLUMNS = (
    Column("panel", "string", "", "symmetric or inferential: the run is shown for that phase; null: one of all runs"),
    *GRID_COLUMNS,
    *PROBE_COLUMNS,
)


def inputs(config: dict) -> dict[str, list[str]]:
    """Files that the table is made of."""
    return {name: probe_files(config, config["figures"]["fig4"]["study"], name) for name in ("parallel", "circuits")}


def table(config: dict) -> pa.Table:
    """Make the table; see ``COLUMNS``."""
    study, points = config["figures"]["fig4"]["study"], phase_points(config, "fig4")
    rows = all_runs(config, study, "parallel")
    frames = [rows[rows["kind"].str.endswith("_score")], _unseen(rows, config["studies"][study]["dataset"], config)]
    frames.append(_level(rows))
    accuracies = unseen_accuracies(config, study)
    frames.append(accuracies.assign(kind=accuracies["mapping"] + "_accuracy"))
    for phase in PHASES:
        matrices = rows[rows["kind"].isin(MATRICES)]
        frames.append(of_run(matrices, full_point(config, study, points[phase])).assign(panel=phase))
    return nullable_table(COLUMNS, frames, _caption(config, study))


def _unseen(rows: pd.DataFrame, dataset: str, config: dict) -> pd.DataFrame:
    """Share of equal predictions for each unseen pair and its mirror."""
    names = [{f"{a},{b}", f"{b},{a}"} for a, b in unseen_pairs(config["datasets"][dataset])]
    outputs = rows[(rows["kind"] == "outputs") & (rows["related"] == True)]  # noqa: E712 (null is not related)
    both = outputs[["anchors_row", "anchors_column"]].apply(set, axis=1)
    return outputs[both.isin(names)].assign(kind="outputs_of_unseen")


def _level(rows: pd.DataFrame) -> pd.DataFrame:
    """Mean cosine of fused vectors of every run."""
    axes = [column.name for column in GRID_COLUMNS]
    found = rows[rows["kind"] == "fused"].groupby(axes)["value"].agg(["mean", "size"]).reset_index()
    return found.rename(columns={"mean": "value", "size": "n"}).assign(kind="fused_level")


def _caption(config: dict, study: str) -> str:
    options = config["probes"]["parallel"]
    task = task_words(config, config["studies"][study]["dataset"])
    layer = "the last layer" if options["layer"] == "last" else f"layer {options['layer']}"
    return (
        f"Scale `{config['scale']}`: {task}; {model_words(config, study)}. One run per panel; Xao and V of {layer}, "
        f"key at position {options['position']}, mean over {options['contexts']} contexts of noise that both "
        "sequences share."
    )
