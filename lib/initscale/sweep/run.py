"""Carry a sweep out: the stages of the workflow, each only where its result is missing or stale."""

from __future__ import annotations

import logging
from collections.abc import Iterator

from initscale.errors import OutputError
from initscale.experiment.grid import run_facts, study_points
from initscale.experiment.paths import Layout
from initscale.inspection.currency import SETTINGS, Currency
from initscale.stages.aggregate import aggregate
from initscale.stages.figure import draw
from initscale.stages.generate_data import generate_data
from initscale.stages.probe import probe_run
from initscale.stages.train import train_runs
from initscale.workflow.rules import replaced_words

LOG = logging.getLogger("initscale")


def run_sweep(config: dict) -> Iterator[str]:
    """Make what is missing or stale of a sweep and yield the files that a person looks at.

    Parameters
    ----------
    config : of ``initscale.sweep.settings.sweep_config``.

    Raises
    ------
    OutputError if finished runs of other settings would be replaced without ``overwrite``.
    """
    (study,) = config["studies"]
    layout, before = Layout(config), Currency(config)
    points = list(study_points(config["studies"][study]))
    states = {layout.run_folder(study, point): before.run(study, point) for point in points}
    other = {f"{folder}/run.json": state.reason for folder, state in states.items() if state.kind == SETTINGS}
    if other and not config["overwrite"]:
        hint = "`--overwrite` replaces them, `--name OTHER` keeps them"
        raise OutputError(replaced_words(other), where=layout.root, hint=hint)
    data, spec = layout.data_folder(study), config["datasets"][study]
    if not before.data(study).is_current:
        generate_data(spec, data, config["execution"]["mirror"])
    _train(config, study, [p for p in points if not Currency(config).run(study, p).is_current], data)
    currency = Currency(config)
    for point in points:
        if not currency.probes(study, point).is_current:
            folder, facts = layout.run_folder(study, point), run_facts(config, study, point)
            record = layout.probe_record(study, point)
            probe_run(folder, data, dict(config["probes"]), facts, record, layout.root)
    yield aggregate(config, "fig_sweep")
    yield from draw(config, "fig_sweep")


def _train(config: dict, study: str, points: list, data: str) -> None:
    """Train a gamma at a time: one after another, or as many processes as the section `execution` says."""
    layout = Layout(config)
    LOG.info("%s: %d of %d runs to train", study, len(points), len(list(study_points(config["studies"][study]))))
    for gamma in dict.fromkeys(point["gamma"] for point in points):
        bundle = [point for point in points if point["gamma"] == gamma]
        facts = [run_facts(config, study, point) for point in bundle]
        train_runs(facts, data, [layout.run_folder(study, point) for point in bundle], config["execution"])
