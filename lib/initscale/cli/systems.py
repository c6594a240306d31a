"""The command that simulates small systems."""

from __future__ import annotations

import argparse
from collections.abc import Callable

from initscale.cli.errors import known


def add_system_commands(stages, shared: argparse.ArgumentParser, load: Callable[..., dict]) -> None:
    """Add the command ``simulate``; the parameters are those of ``cli_results.add_result_commands``."""
    parser = stages.add_parser("simulate", parents=[shared], help="simulate a small system that is no decoder")
    parser.add_argument("system", help="a key of `systems`, such as basins")
    parser.add_argument("--output", help="Parquet file to write (default: as in the workflow)")
    parser.set_defaults(run=lambda options: _simulate(options, load))


def _simulate(options: argparse.Namespace, load: Callable) -> None:
    from initscale.experiment.paths import Layout
    from initscale.stages.simulate import simulate

    config = load(options)
    known(options.system, config["systems"], "system")
    path = options.output or Layout(config).system(options.system)
    simulate(options.system, config["systems"][options.system], path)
    print(path)
