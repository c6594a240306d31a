"""Table of the causal check: accuracies with blocked attention paths, for every run, and scores.

With acc(path, l) the accuracy on the unseen pair under the run's own mapping (the one that it answers more often as
trained) and L its depth,

    loss(path, l) = acc(none) - acc(path, l)
    symmetric_circuit_loss   = [loss(anchors_to_last, 1) + loss(key_to_last, L)] / 2
    inferential_circuit_loss = [loss(key_to_anchors, 1) + loss(anchors_to_last, L)] / 2

how much of its own answer a run loses without the circuit of Fig 3a or 3c. ``switch`` is the gain in symmetric accuracy
when the inferential circuit is blocked in these two ways (mean), which says what such a run falls back to. Null for
one layer, where a circuit of two steps does not exist.
"""

from __future__ import annotations

import pandas as pd
import pyarrow as pa

from initscale.figures.reading.all_runs import GRID_COLUMNS, all_runs, nullable_table, run_phases
from initscale.figures.reading.captions import model_words, task_words
from initscale.figures.reading.displayed import PHASES
from initscale.figures.reading.probe_files import probe_files
from initscale.files.tables import Column
from initscale.probes.circuits.measure import COLUMNS as PROBE_COLUMNS

COLUMNS = (
    Column("answers", "string", "", "phase of the run by its answers: symmetric, inferential, shaded or neither"),
    *GRID_COLUMNS,
    Column("score", "string", "", "name of a score, see the module; null: an accuracy"),
    *PROBE_COLUMNS,
)


def inputs(config: dict) -> dict[str, list[str]]:
    """Files that the table is made of."""
    return {"circuits": probe_files(config, config["figures"]["fig_circuits"]["study"], "circuits")}


def table(config: dict) -> pa.Table:
    """Make the table; see ``COLUMNS``."""
    study = config["figures"]["fig_circuits"]["study"]
    rows = all_runs(config, study, "circuits")
    axes = [column.name for column in GRID_COLUMNS]
    found = [
        dict(zip(axes, run, strict=True)) | {"score": name, "value": value}
        for run, part in rows.groupby(axes)
        for name, value in circuit_losses(part, run[axes.index("depth")]).items()
    ]
    everything = pd.concat([rows, pd.DataFrame(found)]).join(run_phases(config, study).rename("answers"), on=axes)
    return nullable_table(COLUMNS, [everything], _caption(config, study))


def circuit_losses(rows: pd.DataFrame, depth: int) -> dict[str, float | None]:
    """Scores of one run; see the module."""
    names = ("symmetric_circuit_loss", "inferential_circuit_loss", "switch")
    if depth < 2:
        return dict.fromkeys(names)
    accuracy = rows[rows["group"] == "unseen"].set_index(["measure", "path", "layer"])["value"]
    mappings = [name for name in PHASES if (name, "none", 0) in accuracy.index]
    own = max(mappings, key=lambda name: accuracy[name, "none", 0])
    circuits = {
        "symmetric": (("anchors_to_last", 1), ("key_to_last", depth)),
        "inferential": (("key_to_anchors", 1), ("anchors_to_last", depth)),
    }

    def loss(mapping: str, circuit: str) -> float:
        blocked = [accuracy[(mapping, *step)] for step in circuits[circuit]]
        return accuracy[mapping, "none", 0] - sum(blocked) / len(blocked)

    switch = -loss("symmetric", "inferential") if "symmetric" in mappings else None
    return dict(zip(names, (loss(own, "symmetric"), loss(own, "inferential"), switch), strict=True))


def _caption(config: dict, study: str) -> str:
    options = config["probes"]["circuits"]
    task = task_words(config, config["studies"][study]["dataset"])
    (a, b), keys = options["unseen"], {"train": "training", "test": "test", "all": "all"}[options["keys"]]
    return (
        f"Scale `{config['scale']}`: {task}; {model_words(config, study)}. Unseen pair ({a},{b}) on {keys} keys, seen "
        f"pairs on test keys; up to {options['sequences']} sequences each, whose last token is noise."
    )
