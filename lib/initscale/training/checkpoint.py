"""Checkpoints: everything that an interrupted run needs to go on as if nothing had happened.

One file per run, ``checkpoint.safetensors`` in its folder, undeclared to the workflow so that it survives a failed
job, written atomically and removed when the run is complete. It holds weights, both AdamW moments, the step and
the history so far; batch order is a function of facts and epoch, so there is no generator state to keep.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from pathlib import Path

from safetensors import SafetensorError, safe_open
from safetensors.torch import save
from torch import Tensor

from initscale.errors import InputError
from initscale.files.storage import atomic_path
from initscale.training.run_files import split_snapshots, stack_snapshots

FORMAT = 2
FILE_NAME = "checkpoint.safetensors"
_FRESH = (
    "start this run afresh: delete the file, or say `--fresh` (with Snakemake: "
    "`--config 'execution={stale_resume: discard}'`)"
)
_NUMBERS = ("step", "count", "seconds", "cpu_seconds", "attempts")


@dataclass
class Checkpoint:
    """State of one run between two steps.

    Attributes
    ----------
    step : updates made.
    values_P : all parameters, flat.
    moments : AdamW's state of the flat parameters.
    history : rows written so far.
    count, sums_2, largest_2 : number of steps since the last row, and over them the sums and the largest values of loss
        and gradient norm, float64.
    seconds, cpu_seconds : time spent so far, over all attempts.
    attempts : how often the run was started.
    snapshots : step -> weights kept so far.
    """

    step: int
    values_P: Tensor
    moments: dict[str, Tensor]
    history: list[dict]
    count: int
    sums_2: Tensor
    largest_2: Tensor
    seconds: float = 0.0
    cpu_seconds: float = 0.0
    attempts: int = 1
    snapshots: dict[int, dict[str, Tensor]] = field(default_factory=dict)


def save_checkpoint(folder: str | Path, state: Checkpoint, identity: dict[str, str]) -> None:
    """Write the checkpoint of a run.

    Parameters
    ----------
    identity : what must be equal for the state to be used again, such as the hash of the run's facts.
    """
    tensors = {"values": state.values_P, "sums": state.sums_2, "largest": state.largest_2}
    tensors |= {f"moment.{name}": value for name, value in state.moments.items()}
    tensors |= {f"snapshot.{name}": value for name, value in stack_snapshots(state.snapshots).items()}
    meta = {"format": FORMAT, "history": state.history, "identity": identity}
    meta |= {name: getattr(state, name) for name in _NUMBERS}
    content = save({name: tensor.contiguous() for name, tensor in tensors.items()}, {"state": json.dumps(meta)})
    with atomic_path(Path(folder) / FILE_NAME) as part:
        part.write_bytes(content)


def load_checkpoint(folder: str | Path, identity: dict[str, str]) -> Checkpoint | None:
    """Read the checkpoint of a run; None if there is none.

    Raises
    ------
    InputError if the file is damaged, comes from another version, or belongs to another run.
    """
    path = Path(folder) / FILE_NAME
    if not path.exists():
        return None
    try:
        with safe_open(path, framework="pt") as stream:
            meta = json.loads(stream.metadata()["state"])
            tensors = {name: stream.get_tensor(name) for name in stream.keys()}  # noqa: SIM118
        _check(path, meta, identity)
        return _from_file(meta, tensors)
    except (SafetensorError, OSError, KeyError, TypeError, ValueError, AttributeError) as error:
        raise InputError(f"the checkpoint is damaged ({error})", where=str(path), hint=_FRESH) from error


def _from_file(meta: dict, tensors: dict[str, Tensor]) -> Checkpoint:
    return Checkpoint(
        values_P=tensors["values"],
        moments=_with_prefix(tensors, "moment."),
        history=meta["history"],
        sums_2=tensors["sums"],
        largest_2=tensors["largest"],
        snapshots=split_snapshots(_with_prefix(tensors, "snapshot.")),
        **{name: meta[name] + (name == "attempts") for name in _NUMBERS},
    )


def _with_prefix(tensors: dict[str, Tensor], prefix: str) -> dict[str, Tensor]:
    return {name.removeprefix(prefix): value for name, value in tensors.items() if name.startswith(prefix)}


def _check(path: Path, meta: dict, identity: dict[str, str]) -> None:
    if meta["format"] != FORMAT:
        raise InputError(
            f"the checkpoint has format {meta['format']}, this version reads {FORMAT}",
            where=str(path),
            hint=f"use the version that wrote it, or {_FRESH}",
        )
    for key, now in identity.items():
        if meta["identity"].get(key) != now:
            raise InputError(
                f"the checkpoint belongs to another run: {key} is {meta['identity'].get(key)}, now {now}",
                where=str(path),
                hint=_FRESH,
            )


def remove_checkpoint(folder: str | Path) -> None:
    """Delete the checkpoint, if there is one."""
    (Path(folder) / FILE_NAME).unlink(missing_ok=True)
