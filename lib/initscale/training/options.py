"""How a training is carried out, apart from what is trained."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from initscale.experiment.grid import facts_hash
from initscale.provenance import definitions
from initscale.tasks.interface import SequenceData, TaskData
from initscale.training.choices import training_roots


@dataclass(frozen=True)
class Options:
    """How a training is carried out; nothing here is a fact of the experiment.

    Attributes
    ----------
    device, threads : see ``execution`` in config/schema/execution.yaml.
    save_minutes : time between two checkpoints.
    stale_resume : ``refuse`` or ``discard`` a checkpoint that belongs to another configuration or is damaged.
    code, definitions : identity of the training code and what it consists of; part of a checkpoint's identity.
    keep_finished : leave a checkpoint of finished runs, for a job with several runs: if a later one fails, the
        workflow deletes the files of all, and the next attempt need not train the finished ones again.
    """

    device: str = "cpu"
    threads: int = 1
    save_minutes: float = 5.0
    stale_resume: str = "refuse"
    code: str = ""
    definitions: Mapping[str, str] = field(default_factory=dict)
    keep_finished: bool = False

    @classmethod
    def from_execution(cls, execution: Mapping, facts: dict, *, keep_finished: bool) -> Options:
        """Build from the ``execution`` section of the configuration, for runs with such facts."""
        reached = definitions.reached(training_roots(facts))
        return cls(
            **{key: execution[key] for key in ("device", "threads", "save_minutes", "stale_resume")},
            code=definitions.identity(reached),
            definitions=reached,
            keep_finished=keep_finished,
        )


def identity(facts: dict, data: TaskData | SequenceData, options: Options) -> dict[str, str]:
    """What a checkpoint must agree with."""
    return {"configuration": facts_hash(facts), "data": data.content_hash, "code": options.code}
