"""A finished run as a probe sees it: facts, weights, model."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import pyarrow as pa
from safetensors import SafetensorError
from safetensors.torch import load_file
from torch import Tensor

from initscale.errors import InputError
from initscale.files.storage import file_hash, read_json, read_table
from initscale.models.choices import builder_of
from initscale.models.decoder import Decoder
from initscale.models.initializations import initial_weights_of
from initscale.models.spec import ModelSpec, parameters
from initscale.training.choices import DECODER
from initscale.training.run_files import SNAPSHOTS, split_snapshots

_REMAKE = "delete the run's folder and train it again; other runs are not affected"


@dataclass(frozen=True)
class FinishedRun:
    """Weights and facts of one training.

    Attributes
    ----------
    facts : what determined the run (``initscale.experiment.grid.run_facts``).
    weights : final weights by name, float32, on the CPU.
    folder : the run's folder.
    data_folder : data that it was trained on.
    """

    facts: dict
    weights: dict[str, Tensor]
    folder: Path
    data_folder: Path

    @property
    def spec(self) -> ModelSpec:
        """Shape of the model."""
        return ModelSpec.from_config(self.facts["model"])

    def model(self) -> Decoder:
        """The plain decoder with these weights."""
        return Decoder.with_weights(self.spec, self.weights).eval().requires_grad_(False)

    def snapshots(self) -> dict[int, dict[str, Tensor]]:
        """Weights that were kept along the way: step -> weights by name, in the order of the steps.

        Raises
        ------
        InputError if the file is missing or damaged.
        """
        path = self.folder / SNAPSHOTS
        try:
            return split_snapshots(load_file(path))
        except (SafetensorError, OSError, ValueError) as error:
            raise InputError(f"is damaged ({error})", where=str(path), hint=_REMAKE) from error

    def initial_weights(self) -> dict[str, Tensor]:
        """The weights that the training began with, drawn again from the facts.

        Raises
        ------
        InputError for a run that began with another run's weights.
        """
        if "init_from" in self.facts:
            raise InputError("began with another run's weights, which are not kept here", where=str(self.folder))
        return initial_weights_of(self.facts["model"], self.facts["seed"])

    def history(self) -> pa.Table:
        """Rows of the training's history."""
        return read_table(self.folder / "history.parquet")


def open_run(folder: str | Path, data_folder: str | Path) -> FinishedRun:
    """Read a run.

    Raises
    ------
    InputError if a file is missing or damaged, or if the weights are not those that the run's record speaks of.
    """
    folder = Path(folder)
    record, path = read_json(folder / "run.json"), folder / "weights.safetensors"
    found = file_hash(path)
    if found != record["weights_sha256"]:
        raise InputError(
            f"is not the file of this run (SHA-256 {found[:12]}, run.json has {record['weights_sha256'][:12]})",
            where=str(path),
            hint=_REMAKE,
        )
    try:
        weights = load_file(path)
    except (SafetensorError, OSError) as error:
        raise InputError(f"is damaged ({error})", where=str(path), hint=_REMAKE) from error
    if builder_of(record["facts"]["model"]) not in (None, DECODER):  # only the builder knows its shapes
        return FinishedRun(record["facts"], weights, folder, Path(data_folder))
    wanted = {p.name: p.shape for p in parameters(ModelSpec.from_config(record["facts"]["model"]))}
    shapes = {name: tuple(weight.shape) for name, weight in weights.items()}
    if shapes != wanted:
        name = min(name for name in wanted | shapes if wanted.get(name) != shapes.get(name))
        raise InputError(
            f"has {name} of shape {shapes.get(name)}, the model of run.json has {wanted.get(name)}",
            where=str(path),
            hint=_REMAKE,
        )
    return FinishedRun(record["facts"], weights, folder, Path(data_folder))
