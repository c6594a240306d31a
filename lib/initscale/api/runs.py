"""Finished runs, opened by their folder alone."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import pandas as pd
from torch import Tensor, nn

from initscale.errors import InputError
from initscale.files.schema import nearest
from initscale.files.storage import read_json, read_table
from initscale.models.choices import builder_of
from initscale.probes.run import FinishedRun, open_run
from initscale.training.choices import load_choice


@dataclass(frozen=True)
class Run:
    """A finished run with everything that was made of it.

    Attributes
    ----------
    folder : the run's folder.
    record : run.json: facts, hashes, cost, commit, versions, machine.
    """

    folder: Path
    record: dict

    @property
    def facts(self) -> dict:
        """What determined the run: data set, model, recipe, seed."""
        return self.record["facts"]

    @cached_property
    def finished(self) -> FinishedRun:
        """The run as probes see it (``initscale.open_run``)."""
        return open_run(self.folder, self.data_folder or Path())

    @property
    def weights(self) -> dict[str, Tensor]:
        """Final weights by name, on the CPU."""
        return self.finished.weights

    def model(self) -> nn.Module:
        """The model with its final weights, in evaluation mode."""
        if builder_of(self.facts["model"]) is None:
            return self.finished.model()
        model = load_choice("builder", self.facts)(self.facts["model"], self.facts["seed"])
        model.load_state_dict(self.weights, strict=False)
        return model.eval()

    @property
    def history(self) -> pd.DataFrame:
        """One row per evaluation."""
        return read_table(self.folder / "history.parquet").to_pandas()

    def snapshots(self) -> dict[int, dict[str, Tensor]]:
        """Weights that were kept along the way: step -> weights by name."""
        return self.finished.snapshots()

    @property
    def probes(self) -> dict[str, pd.DataFrame]:
        """Measurements by the name of their probe; empty if the run was not measured."""
        root, study, point = self._place
        files = sorted((root / "probes" / study / point).glob("*.parquet"))
        return {path.stem: read_table(path).to_pandas() for path in files}

    @property
    def data_folder(self) -> Path | None:
        """The data that it was trained on; None if they are not there."""
        root, _, _ = self._place
        for path in sorted(root.glob("data/*/*/dataset.json")):
            if read_json(path).get("content_hash") == self.record["data_hash"]:
                return path.parent
        return None

    @property
    def _place(self) -> tuple[Path, str, str]:
        """Results folder, study, and name of the run."""
        folder = self.folder.resolve()
        return folder.parents[2], folder.parent.name, folder.name


def load(run: str | Path) -> Run:
    """Open a finished run.

    Parameters
    ----------
    run : its folder, such as ``results/laptop/runs/phase/gamma~0.50_depth~2_lr~7.00e-04_seed~0``.

    Raises
    ------
    InputError if there is no finished run; the nearest one is named.
    """
    folder = Path(run)
    if not (folder / "run.json").exists():
        finished = sorted(path.parent.name for path in folder.parent.glob("*/run.json"))
        words = f"{folder.parent} has {len(finished)} finished runs"
        raise InputError("holds no finished run", where=str(folder), hint=nearest(folder.name, finished) or words)
    return Run(folder, read_json(folder / "run.json"))
