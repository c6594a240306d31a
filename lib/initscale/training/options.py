"""How a training is carried out, apart from what is trained."""

from __future__ import annotations

from dataclasses import dataclass

from initscale.grid import facts_hash
from initscale.tasks.interface import SequenceData, TaskData


@dataclass(frozen=True)
class Options:
    """How a training is carried out; nothing here is a fact of the experiment.

    Attributes
    ----------
    device, threads : see ``execution`` in config/schema.yaml.
    save_minutes : time between two resume files.
    stale_resume : ``refuse`` or ``discard`` a resume file that belongs to another configuration or is damaged.
    code : hash of the training code, part of a resume file's identity.
    keep_finished : leave a resume file of finished runs, for a job with several runs: if a later one fails, the
        workflow deletes the files of all, and the next attempt need not train the finished ones again.
    """

    device: str = "cpu"
    threads: int = 1
    save_minutes: float = 5.0
    stale_resume: str = "refuse"
    code: str = ""
    keep_finished: bool = False


def identity(facts: dict, data: TaskData | SequenceData, options: Options) -> dict[str, str]:
    """What a resume file must agree with."""
    return {"configuration": facts_hash(facts), "data": data.content_hash, "code": options.code}
