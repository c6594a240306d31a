"""Table of Fig 3: attention of one sequence in both phases, a t-SNE of fused states, and the scores of all runs.

Scores of a run, from the flows f(l, query <- source) of the probe ``flow`` (l, m layers; 0 where there is no l < m):

    symmetric_route   = max_{l<m} [f(l, last <- anchor_1) + f(l, last <- anchor_2)] f(m, last <- key)
    inferential_route = max_{l<m} [f(l, anchor_1 <- key) + f(l, anchor_2 <- key)] / 2
                                  [f(m, last <- anchor_1) + f(m, last <- anchor_2)]

the attention along the two mechanisms of Fig 3a and 3c, each in 0..1. ``ao_commutativity`` (probe ``parallel``): mean
cosine of Xao(1) at the last token between mirrored pairs minus that between other pairs. ``symmetric_accuracy`` and
``inferential_accuracy``: on the unseen pair, so that phases can be told apart.
"""

from __future__ import annotations

import itertools

import pandas as pd
import pyarrow as pa

from initscale.experiment.paths import RUN_FILES, Layout
from initscale.figures.fig3.states import projected_states
from initscale.figures.reading.all_runs import GRID_COLUMNS, all_runs, nullable_table, of_run, unseen_accuracies
from initscale.figures.reading.captions import model_words, task_words
from initscale.figures.reading.datasets import data_files
from initscale.figures.reading.displayed import PHASES, full_point, phase_points
from initscale.figures.reading.probe_files import probe_files
from initscale.files.tables import Column
from initscale.probes.flow.measure import COLUMNS as FLOW_COLUMNS
from initscale.probes.run import open_run

COLUMNS = (
    Column("panel", "string", "", "symmetric or inferential: the run is shown for that phase; null: one of all runs"),
    *GRID_COLUMNS,
    Column("kind", "string", "", "displayed (attention of one sequence), tsne (a point), flow, score (of every run)"),
    *(column for column in FLOW_COLUMNS if column.name not in ("kind", "value", "n")),
    Column("score", "string", "", "name of a score, see the module (null for other kinds)"),
    Column("value", "float64", "1", "attention weight, mean attention weight, or score"),
    Column("n", "int64", "sequences", "number of sequences behind `value`, or in the t-SNE"),
    Column("x", "float64", "1", "t-SNE coordinate"),
    Column("y", "float64", "1", "t-SNE coordinate"),
    Column("anchor_1", "int64", "token", "first anchor of the sequence of a t-SNE point"),
    Column("anchor_2", "int64", "token", "second anchor"),
    Column("perplexity", "float64", "1", "t-SNE's perplexity"),
)


def inputs(config: dict) -> dict[str, list[str]]:
    """Files that the table is made of; the weights are those of the run whose states are projected."""
    options, layout = config["figures"]["fig3"], Layout(config)
    study = options["study"]
    folder = layout.run_folder(study, phase_points(config, "fig3")["symmetric"])
    return {
        "flow": probe_files(config, study, "flow"),
        "parallel": probe_files(config, study, "parallel"),
        "circuits": probe_files(config, study, "circuits"),
        "run": [f"{folder}/{RUN_FILES[name]}" for name in ("weights", "record")],
        "data": data_files(config, config["studies"][study]["dataset"]),
    }


def table(config: dict) -> pa.Table:
    """Make the table; see ``COLUMNS``."""
    study, points = config["figures"]["fig3"]["study"], phase_points(config, "fig3")
    attention = all_runs(config, study, "flow")
    flows = attention[attention["kind"] == "score"].assign(kind="flow")
    frames = [flows, _scores(flows, all_runs(config, study, "parallel", ["ao_score"]))]
    accuracies = unseen_accuracies(config, study)
    frames.append(accuracies.assign(kind="score", score=accuracies["mapping"] + "_accuracy"))
    for phase in PHASES:
        shown = of_run(attention[attention["kind"] == "displayed"], full_point(config, study, points[phase]))
        frames.append(shown.assign(panel=phase))
    frames.append(_projection(config, study, points["symmetric"]))
    return nullable_table(COLUMNS, frames, _caption(config, study))


def routes(flows: pd.DataFrame) -> dict[str, float]:
    """Scores of one run from its flows; see the module."""
    f = flows.set_index(["layer", "query_role", "source_role"])["value"]
    layers = sorted(flows["layer"].unique())
    to_last = {layer: f[layer, "last", "anchor_1"] + f[layer, "last", "anchor_2"] for layer in layers}
    to_anchors = {layer: (f[layer, "anchor_1", "key"] + f[layer, "anchor_2", "key"]) / 2 for layer in layers}
    pairs = list(itertools.combinations(layers, 2))
    return {
        "symmetric_route": max((to_last[first] * f[then, "last", "key"] for first, then in pairs), default=0.0),
        "inferential_route": max((to_anchors[first] * to_last[then] for first, then in pairs), default=0.0),
    }


def _scores(flows: pd.DataFrame, ao: pd.DataFrame) -> pd.DataFrame:
    axes = [column.name for column in GRID_COLUMNS]
    rows = [
        dict(zip(axes, run, strict=True)) | {"score": name, "value": value, "n": part["n"].iloc[0]}
        for run, part in flows.groupby(axes)
        for name, value in routes(part).items()
    ]
    both = [pd.DataFrame(rows), ao[[*axes, "value", "n"]].assign(score="ao_commutativity")]
    return pd.concat(both).assign(kind="score")


def _projection(config: dict, study: str, point: dict) -> pd.DataFrame:
    layout, options = Layout(config), config["figures"]["fig3"]["tsne"]
    run = open_run(layout.run_folder(study, point), layout.data_folder(config["studies"][study]["dataset"]))
    found = projected_states(run, options)
    facts = full_point(config, study, point) | {"n": len(found), "perplexity": options["perplexity"]}
    return found.assign(kind="tsne", panel="symmetric", **facts)


def _caption(config: dict, study: str) -> str:
    task = task_words(config, config["studies"][study]["dataset"])
    return f"Scale `{config['scale']}`: {task}; {model_words(config, study)}. One run per panel."
