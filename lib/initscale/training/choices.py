"""Which files a run uses, from its facts: the only place where optional keys of the configuration choose code.

A key that is absent means the default. The identity of a run's code covers the files that it chose and no others
(``training_roots``), so a new file beside them leaves every finished run as it is.
"""

from __future__ import annotations

import importlib
import importlib.util
from collections.abc import Callable

from initscale.errors import ConfigError
from initscale.models.choices import builder_of, initialization_of
from initscale.sweep.functions import function_roots
from initscale.tasks import load_task, task_module

STAGE = "initscale.training.in_process:train_here"
DECODER, OWN = "initscale.models.builders.decoder", "initscale.models.builders.own"
_ENTRIES = {
    "data": "load",
    "trainer": "Trainer",
    "initialization": "initial_weights",
    "batch_order": "epoch_order",
    "schedule": "learning_rates",
    "builder": "build",
}


def choices(facts: dict) -> dict[str, str]:
    """What is chosen -> dotted module that offers it (see ``_ENTRIES`` for the function's name there).

    Parameters
    ----------
    facts : ``initscale.experiment.grid.run_facts`` of a run.
    """
    task, model, recipe = facts["dataset"]["task"], facts["model"], facts["training"]
    chosen = {
        "data": task_module(task, "tensors"),
        "trainer": f"initscale.training.{load_task(task).TRAINER}",
        "batch_order": f"initscale.training.batch_orders.{recipe.get('batch_order', 'per_epoch')}",
        "schedule": schedule_of(recipe),
    }
    builder = builder_of(model)
    if builder:
        chosen |= {"trainer": "initscale.training.module_trainer", "builder": builder}
    if builder in (None, DECODER):
        chosen["initialization"] = initialization_of(model)
    return chosen


def schedule_of(recipe: dict) -> str:
    """Module of the learning rates of a ``training`` section."""
    return f"initscale.training.schedules.{recipe.get('schedule', 'warmup_cosine')}"


def load_choice(kind: str, facts: dict) -> Callable:
    """The function (or class) that a run chose.

    Raises
    ------
    ConfigError if there is no such file.
    """
    module = choices(facts)[kind]
    check_module(kind, module)
    return getattr(importlib.import_module(module), _ENTRIES[kind])


def check_module(kind: str, module: str, where: str | None = None) -> None:
    """Raise ``ConfigError`` unless the module exists; nothing is imported but the packages around it."""
    try:
        exists = importlib.util.find_spec(module) is not None
    except ModuleNotFoundError:
        exists = False
    if not exists:
        package = module.rpartition(".")[0]
        raise ConfigError(f"there is no {kind} `{module}`", where=where, hint=f"a file in `{package}` makes it one")


def training_roots(facts: dict) -> list[str]:
    """Where the code of a run begins, for ``initscale.provenance.definitions.reached``."""
    chosen = choices(facts)
    own = function_roots(facts["model"]["options"]["function"]) if chosen.get("builder") == OWN else []
    return [STAGE, *(f"{module}:{_ENTRIES[kind]}" for kind, module in chosen.items()), *own]
