"""Table of fig_control: answers to two unseen pairs and complexity over gamma and weight decay, one row per run.

Beside the runs (kind ``run``) stand the cells of the published map (kind ``published``), which have an accuracy only.
"""

from __future__ import annotations

import os

import pandas as pd
import pyarrow as pa

from initscale.experiment.grid import study_points
from initscale.figures.fig_control import PROBES
from initscale.figures.reading.all_runs import GRID_COLUMNS, nullable_table
from initscale.figures.reading.captions import model_words, task_words
from initscale.figures.reading.displayed import full_point
from initscale.figures.reading.histories import history_files
from initscale.figures.reading.probe_files import probe_files
from initscale.files.storage import read_table
from initscale.files.tables import Column
from initscale.models.scale import embedding_std
from initscale.repository import CONFIG_FOLDER
from initscale.tasks.anchor.definition import INFERENTIAL, answer_name

PUBLISHED = CONFIG_FOLDER / "complexity_control.csv"
COLUMNS = (
    Column("kind", "string", "", "run, or published: a cell of the source's map"),
    *GRID_COLUMNS,
    Column("embedding_std", "float64", "1", "initial standard deviation of the token embedding"),
    Column("accuracy", "float64", "share", "composed answers to both unseen pairs; published: to one, the best epoch"),
    Column("accuracy_best", "float64", "share", "the same at the best evaluation, which flatters"),
    Column("seen_accuracy", "float64", "share", "accuracy on seen pairs with test keys"),
    Column("loss", "float64", "nats", "training loss before the last evaluation"),
    Column("commutativity", "float64", "share", "sequences with the same answer when the two anchors change places"),
    Column("rank_query", "float64", "1", "stable rank of W_Q of layer 1"),
    Column("rank_ffn", "float64", "1", "stable rank of the first feed-forward weight of layer 1"),
    Column("rank_embedding", "float64", "1", "stable rank of the item embeddings"),
    Column("without_key_to_anchors", "float64", "share", "composed answers when no anchor may read the key"),
    Column("without_anchors_to_last", "float64", "share", "the same when the last token may not read the anchors"),
)
_RANKS = {
    "rank_query": ("stable_rank", "layers.0.attn.q"),
    "rank_ffn": ("stable_rank", "layers.0.ffn.up"),
    "rank_embedding": ("embedding_stable_rank", ""),
}


def inputs(config: dict) -> dict[str, list[str]]:
    """Files that the table is made of."""
    study = config["figures"]["fig_control"]["study"]
    files = {probe: probe_files(config, study, probe) for probe in PROBES}
    return files | {"histories": history_files(config, study), "published": [os.path.relpath(PUBLISHED)]}


def table(config: dict) -> pa.Table:
    """Make the table; see ``COLUMNS``."""
    published = pd.read_csv(PUBLISHED, comment="#").assign(kind="published")
    options = config["figures"]["fig_control"]
    pairs = " and ".join("({},{})".format(*pair) for pair in options["pairs"])
    words = f"Accuracy: composed answers to {pairs}, {options['keys']} keys, last evaluation."
    study = options["study"]
    task = task_words(config, config["studies"][study]["dataset"])
    caption = f"Scale `{config['scale']}`: {task}; {model_words(config, study)}. {words}"
    return nullable_table(COLUMNS, [_runs(config).assign(kind="run"), published], caption)


def _runs(config: dict) -> pd.DataFrame:
    options, files = config["figures"]["fig_control"], inputs(config)
    study = options["study"]
    section = config["studies"][study]
    answers = [f"acc_{answer_name(pair, INFERENTIAL, options['keys'])}" for pair in options["pairs"]]
    paths = zip(*(files[name] for name in ("histories", *PROBES)), strict=True)
    rows = []
    for point, some in zip(study_points(section), paths, strict=True):
        history, spectra, circuits, commutativity = (read_table(path).to_pandas() for path in some)
        composed, last = history[answers].mean(axis=1), history.iloc[-1]
        rows.append(
            full_point(config, study, point)
            | {"embedding_std": embedding_std(config["models"][section["model"]], point["gamma"])}
            | {"accuracy": composed.iloc[-1], "accuracy_best": composed.max()}
            | {"seen_accuracy": last["acc_test"], "loss": last["loss"]}
            | {"commutativity": _score(commutativity, "commutativity", "")}
            | {column: _score(spectra, *name) for column, name in _RANKS.items()}
            | {f"without_{path}": _blocked(circuits, path) for path in ("key_to_anchors", "anchors_to_last")}
        )
    return pd.DataFrame(rows)


def _score(rows: pd.DataFrame, quantity: str, part: str) -> float:
    return rows.loc[(rows["quantity"] == quantity) & (rows["part"] == part) & (rows["i"] < 0), "value"].item()


def _blocked(rows: pd.DataFrame, path: str) -> float:
    """Composed answers to the unseen pair of the probe with a path blocked in all layers."""
    chosen = (rows["path"] == path) & (rows["layer"] == 0) & (rows["group"] == "unseen")
    return rows.loc[chosen & (rows["measure"] == INFERENTIAL), "value"].item()
