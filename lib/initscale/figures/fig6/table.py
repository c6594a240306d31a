"""Table of Fig 6: accuracy on SCAN and COGS against the number of training samples, for two settings."""

from __future__ import annotations

from collections.abc import Iterator

import pandas as pd
import pyarrow as pa

from initscale.experiment.grid import evaluation_of
from initscale.experiment.paths import Layout
from initscale.figures.reading.all_runs import nullable_table
from initscale.figures.reading.captions import count_words, cut_words
from initscale.figures.reading.equal_loss import EQUAL_LOSS_COLUMNS, both_comparisons, read_runs
from initscale.figures.reading.histories import history_files
from initscale.files.storage import read_table
from initscale.files.tables import Column
from initscale.paper.points import paper_points, values_files
from initscale.tasks.ceiling import attainable
from initscale.tasks.cogs import definition as cogs
from initscale.tasks.cogs import tensors as cogs_tensors
from initscale.tasks.scan import definition as scan
from initscale.tasks.scan import tensors as scan_tensors

PANELS = {"scan": ("a",), "cogs": ("b", "c")}
GROUPS = {"all": cogs.TYPES, "lexical": cogs.LEXICAL, "structural": cogs.STRUCTURAL} | {t: (t,) for t in cogs.TYPES}
COLUMNS = (
    Column("source", "string", "", "run, or paper: a value of the published figure"),
    Column("panel", "string", "", "a: SCAN, turn left; b: COGS in distribution; c: COGS out of distribution"),
    Column("group", "string", "", "all; in panel c also lexical, structural and each type of generalization"),
    Column("size", "int64", "sequences", "training samples"),
    Column("gamma", "float64", "1", "initialization rate"),
    Column("weight_decay", "float64", "1", "AdamW's weight decay"),
    Column("seed", "int64", "", "seed of initial weights and batch order; the subset is the same for all"),
    Column("accuracy", "float64", "share", "greedy exact match, stop included, at the last evaluation"),
    Column("accuracy_equal_loss", "float64", "share", "the same at equal training loss"),
    Column("accuracy_forced", "float64", "share", "exact match given the true tokens, stop left out (panels a, b)"),
    Column("ceiling", "float64", "share", "scored sequences without words or lengths that no training sample has"),
    *EQUAL_LOSS_COLUMNS,
)


def inputs(config: dict) -> dict[str, list[str]]:
    """Files that the table is made of."""
    studies = config["figures"]["fig6"]["studies"]
    data = [Layout(config).data_files(config["studies"][study]["dataset"]) for study in studies]
    return {
        "histories": [path for study in studies for path in history_files(config, study)],
        "data": [path for files in data for path in files.values()],
        "paper": values_files(),
    }


def table(config: dict) -> pa.Table:
    """Make the table; see ``COLUMNS``."""
    studies = config["figures"]["fig6"]["studies"]
    runs = pd.DataFrame([row for study in studies for row in _study_rows(config, study)]).assign(source="run")
    shown = {panel for study in studies for panel in PANELS[_dataset(config, study)["task"]]}
    every = {"a": scan.TRAIN, "b": cogs.training_rows({"source": cogs.UPSTREAM})}
    points = [paper_points(f"6{panel}", every.get(panel, every["b"])).assign(panel=panel) for panel in sorted(shown)]
    paper = pd.concat(points).assign(accuracy=lambda found: found["value"] / 100, group="all", source="paper")
    return nullable_table(COLUMNS, [runs, paper], _caption(config, runs))


def _dataset(config: dict, study: str) -> dict:
    return config["datasets"][config["studies"][study]["dataset"]]


def _study_rows(config: dict, study: str) -> Iterator[dict]:
    task = _dataset(config, study)["task"]
    ceilings = _Ceilings(config, study)
    for point, last, equal, numbers in both_comparisons(read_runs(config, study)):
        facts = {axis: point[axis] for axis in ("size", "gamma", "weight_decay", "seed")} | numbers
        tested = {"accuracy": last["acc_test"], "accuracy_equal_loss": equal["acc_test"]}
        tested |= {"accuracy_forced": last["acc_test_teacher_forced"], "ceiling": ceilings.of(point["size"], "test")}
        yield facts | tested | {"panel": PANELS[task][0], "group": "all"}
        for group, types in GROUPS.items() if task == "cogs" else ():
            names = [f"acc_{name}" for name in types]
            own = {"accuracy": last[names].mean(), "accuracy_equal_loss": equal[names].mean()}
            own["ceiling"] = sum(ceilings.of(point["size"], name) for name in types) / len(types)
            yield facts | own | {"panel": PANELS[task][1], "group": group}


class _Ceilings:
    """Share of the scored sequences of a group that a model trained on a subset could answer."""

    def __init__(self, config: dict, study: str):
        self.spec = _dataset(config, study)
        files = Layout(config).data_files(config["studies"][study]["dataset"])
        self.rows = {split: read_table(path).to_pandas() for split, path in files.items() if split != "info"}
        self.sequences = evaluation_of(config, config["studies"][study])["sequences"]
        self.known: dict[int, dict[str, float]] = {}

    def of(self, size: int, group: str) -> float:
        """Of the test split, or of a type of generalization."""
        if size not in self.known:
            train = self._subset(size)
            self.known[size] = {name: attainable(train, rows).mean() for name, rows in self._scored().items()}
        return self.known[size][group]

    def _subset(self, size: int) -> pd.DataFrame:
        if self.spec["task"] == "scan":
            return scan_tensors.subset(self.rows["train"], size)[0]
        return cogs_tensors.subset(self.spec, self.rows["train"], size)

    def _scored(self) -> dict[str, pd.DataFrame]:
        found = {"test": self.rows["test"].iloc[: self.sequences]}
        return found | (cogs_tensors.scored_types(self.rows["gen"], self.sequences) if "gen" in self.rows else {})


def _caption(config: dict, runs: pd.DataFrame) -> str:
    studies = config["figures"]["fig6"]["studies"]
    n = count_words(runs.groupby(["panel", "group", "size", "gamma"])["seed"].nunique())
    sample = any(_dataset(config, study).get("source") == cogs.SAMPLE for study in studies)
    words = "; ".join(cut_words(config, study) for study in studies)
    return (
        f"Scale `{config['scale']}`, {n} seed(s) per point. {words}. Paper: GPT-2 small, gamma 0.5 with weight "
        "decay 0.01 against 0.7 with 0.1, steps and rate not published."
        + (" COGS: a built-in sample of a few dozen lines, not the benchmark." if sample else "")
    )
