"""What no number depends on, declared once: where the identity of code stops (``initscale.provenance.definitions``).

Whoever adds a line here says why. A test runs a training and a probe, looks at what every function of the frame hands
to counted code, and fails when numbers come out of one that is not listed under ``CARRIERS``.
"""

from __future__ import annotations

LOGGERS = frozenset({"LOG", "logger"})
"""Names of loggers; a statement that only calls one is no part of a definition."""

FRAME = {
    "initscale.errors": "messages",
    "initscale.provenance": "commit, versions, machine, hashes of files",
    "initscale.records": "records beside results",
    "initscale.repository": "where the parts of the repository lie",
    "initscale.experiment.paths": "where files lie",
    "initscale.config": "reading the configuration; what it says is compared itself",
    "initscale.files.storage": "reading and writing files; their content is checked by its hash",
    "initscale.files.parts": "the same rows in one file or several",
    "initscale.files.yaml_files": "reading the configuration and the claims; what they say is compared itself",
    "initscale.tasks.download": "bytes from outside, checked by their hash",
    "initscale.training.progress": "what a training shows",
    "initscale.training.interrupts": "signals",
    "initscale.training.checkpoint": "an interrupted training goes on to the bit (tests/training/test_kills.py)",
    "initscale.training.run_files": "files of a finished run",
    "initscale.training.record": "files of a finished run and saved states",
    "initscale.training.options": "how a training is carried out, no fact of it",
    "initscale.training.allocation": "where memory comes from",
    "initscale.training.choices": "which files a run uses; they are roots themselves and count",
    "initscale.models.choices": "the same for a model",
    "initscale.tasks:task_names": "which tasks there are",
    "initscale.tasks:task_module": "names of modules; these count themselves",
    "initscale.tasks:generator_of": "imports by name; the modules count themselves",
    "initscale.sweep.functions": "imports by name; the user's functions count themselves",
    "initscale.tasks:load_task": "imports by name; the modules count themselves",
    "initscale.training.processes": "which process trains; equal to the bit (tests/probes/test_parallel.py)",
    "initscale.training.history:history_table": "how rows of a history are written",
    "initscale.training.history:history_columns": "names, units and meanings of its columns",
    "initscale.training.history:_score_column": "the same of accuracies",
    "initscale.files.tables:make_table": "how columns are written; their names and types count where they are declared",
    "initscale.files.tables:last_row": "a row of a table as it is",
    "initscale.files.tables:_plain": "texts for a table",
    "initscale.experiment.grid:facts_hash": "settings are compared themselves",
    "initscale.probes.run:open_run": "reading a run, checked by its hash",
}
"""Module, or ``module:name`` -> why it does not count. A package stands for everything in it."""

CARRIERS = {
    "initscale.files.storage": "tables and JSON as they lie on disk",
    "initscale.files.parts": "tables as they lie on disk",
    "initscale.training.checkpoint": "the saved state of a training",
    "initscale.training.record": "the saved state of a training",
    "initscale.provenance": "hashes of files, kept in records only",
    "initscale.training.choices": "functions of the files that a run chose, which count",
    "initscale.probes.run:open_run": "a finished run as it lies on disk",
    "initscale.files.tables:last_row": "a row of a table as it is",
    "initscale.tasks.download": "bytes from outside",
    "initscale.files.tables:make_table": "the values it was given, in columns",
    "initscale.training.history:history_table": "the rows it was given, in columns",
}
"""Parts of the frame through which numbers pass, unchanged -> which."""


def is_frame(module: str, name: str) -> bool:
    """Whether a definition is part of the frame."""
    return covered_by(FRAME, module, name)


def covered_by(declared: dict[str, str], module: str, name: str) -> bool:
    """Whether a definition, its module or a package around it is declared."""
    parts = module.split(".")
    return f"{module}:{name}" in declared or any(".".join(parts[:n]) in declared for n in range(1, len(parts) + 1))
