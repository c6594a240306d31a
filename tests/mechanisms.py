"""What tests of the mechanism probes share: data, runs and sequences for the hand-built models."""

from __future__ import annotations

from pathlib import Path

import torch
from hand_built import KEY, composing, memorizing

from initscale.files.storage import write_table
from initscale.probes.run import FinishedRun
from initscale.probes.sequences import made_up
from initscale.tasks.anchor.generate import generate

MODELS = {"composing": composing, "memorizing": memorizing}
VOCABULARY = 60


def contexts(data: dict, pair: tuple[int, int]) -> tuple[torch.Tensor, torch.Tensor]:
    """Tokens of a pair with every key at position 1, three contexts each, and the keys."""
    keys = list(range(data["values"][0], data["values"][1] + 1))
    return made_up(data, [pair], keys, KEY, 3).flatten(0, 2), torch.tensor(keys).repeat_interleave(3)


def hand_built_run(name: str, data: dict, folder: Path) -> FinishedRun:
    """A run with hand-written weights, on data whose keys all stand at position 1."""
    spec, weights = MODELS[name](data, VOCABULARY)
    for split, table in generate(data).items():
        rows = table.to_pandas()
        write_table(folder / f"{split}.parquet", table.take(rows.index[rows["position"] == KEY].to_numpy()))
    model = {key: getattr(spec, key) for key in spec.__dataclass_fields__}
    return FinishedRun({"dataset": data, "model": model}, weights, folder, folder)
