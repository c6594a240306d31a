"""Resume files: everything that an interrupted run needs to go on as if nothing had happened.

One file per run, ``resume.safetensors`` in its folder, undeclared to the workflow so that it survives a failed
job, written atomically and removed when the run is complete. It holds weights, both AdamW moments, the step and
the history so far; batch order is a function of seed and epoch, so there is no generator state to keep.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from pathlib import Path

from safetensors import SafetensorError, safe_open
from safetensors.torch import save
from torch import Tensor

from initscale.errors import InputError
from initscale.storage import atomic_path

FORMAT = 1
FILE_NAME = "resume.safetensors"
_FRESH = (
    "start this run afresh: delete the file, or say `--fresh` (with Snakemake: "
    "`--config 'execution={stale_resume: discard}'`)"
)


@dataclass
class RunState:
    """State of one run between two steps.

    Attributes
    ----------
    step : updates made.
    values_P : all parameters, flat.
    moments : AdamW's state of the flat parameters.
    history : rows written so far.
    since_last_row : number of steps, sum of losses and sum of gradient norms since the last row.
    seconds : wall time spent so far, over all attempts.
    attempts : how often the run was started.
    """

    step: int
    values_P: Tensor
    moments: dict[str, Tensor]
    history: list[dict]
    since_last_row: tuple[int, float, float]
    seconds: float = 0.0
    attempts: int = 1
    snapshots: dict[str, Tensor] = field(default_factory=dict)


def save_state(folder: str | Path, state: RunState, identity: dict[str, str]) -> None:
    """Write the resume file of a run.

    Parameters
    ----------
    identity : what must be equal for the state to be used again, such as the hash of the run's facts.
    """
    tensors = {"values": state.values_P, **{f"moment.{k}": v for k, v in state.moments.items()}}
    tensors |= {f"snapshot.{k}": v for k, v in state.snapshots.items()}
    meta = {
        "format": FORMAT,
        "step": state.step,
        "history": state.history,
        "since_last_row": state.since_last_row,
        "seconds": state.seconds,
        "attempts": state.attempts,
        "identity": identity,
    }
    content = save({name: tensor.contiguous() for name, tensor in tensors.items()}, {"state": json.dumps(meta)})
    with atomic_path(Path(folder) / FILE_NAME) as part:
        part.write_bytes(content)


def load_state(folder: str | Path, identity: dict[str, str]) -> RunState | None:
    """Read the resume file of a run; None if there is none.

    Raises
    ------
    InputError if the file is damaged, comes from a newer version, or belongs to another configuration.
    """
    path = Path(folder) / FILE_NAME
    if not path.exists():
        return None
    try:
        with safe_open(path, framework="pt") as stream:
            meta = json.loads(stream.metadata()["state"])
            tensors = {name: stream.get_tensor(name) for name in stream.keys()}  # noqa: SIM118
    except (SafetensorError, OSError, KeyError, TypeError, ValueError) as error:
        raise InputError(f"the resume file is damaged ({error})", where=str(path), hint=_FRESH) from error
    _check(path, meta, identity)
    return RunState(
        step=meta["step"],
        values_P=tensors["values"],
        moments=_with_prefix(tensors, "moment."),
        history=meta["history"],
        since_last_row=tuple(meta["since_last_row"]),
        seconds=meta["seconds"],
        attempts=meta["attempts"] + 1,
        snapshots=_with_prefix(tensors, "snapshot."),
    )


def _with_prefix(tensors: dict[str, Tensor], prefix: str) -> dict[str, Tensor]:
    return {name.removeprefix(prefix): value for name, value in tensors.items() if name.startswith(prefix)}


def _check(path: Path, meta: dict, identity: dict[str, str]) -> None:
    if meta["format"] > FORMAT:
        raise InputError(
            f"the resume file has format {meta['format']}, this version reads up to {FORMAT}",
            where=str(path),
            hint=f"use the newer version that wrote it, or {_FRESH}",
        )
    for key, wanted in identity.items():
        if meta["identity"].get(key) != wanted:
            raise InputError(
                f"the resume file belongs to another run: {key} is {meta['identity'].get(key)}, now {wanted}",
                where=str(path),
                hint=_FRESH,
            )


def remove_state(folder: str | Path) -> None:
    """Delete the resume file, if there is one."""
    (Path(folder) / FILE_NAME).unlink(missing_ok=True)
