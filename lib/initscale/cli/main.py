"""The command line: one subcommand per stage, for machines without Snakemake (a GPU box, a notebook server)."""

from __future__ import annotations

import argparse
import logging
import sys
from pathlib import Path

from initscale import __version__
from initscale.cli.errors import Parser, known, need_runs, one_line_errors
from initscale.cli.results import add_result_commands
from initscale.cli.sweep import add_sweep_command
from initscale.cli.systems import add_system_commands
from initscale.config.load import Loaded, load, parse_override
from initscale.errors import InputError
from initscale.files.yaml_files import merge
from initscale.provenance.clone import check_clone
from initscale.repository import CONFIG_FOLDER

_EPILOG = """stages, in order: generate-data -> train -> probe -> aggregate -> figure

The workflow (`snakemake --cores 8 all_figures`) runs the same stages; here each runs by itself:
  python -m initscale generate-data anchor --scale smoke
  python -m initscale train phase --scale smoke --select gamma=0.30 depth=2 seed=0
  python -m initscale probe phase --scale smoke --select gamma=0.30 depth=2 seed=0
  python -m initscale aggregate fig2 --scale smoke
  python -m initscale figure fig2 --scale smoke

a model of your own: sweep (docs/own-model.md)
results: status (what is done), scorecard and report (verdicts), explain (where a figure comes from), compare (own
runs against the committed reference)
"""


def main(arguments: list[str] | None = None) -> int:
    """Parse the arguments, run the stage, return the exit code (0, or that of the error)."""
    logging.basicConfig(format="%(asctime)s %(message)s", stream=sys.stderr)
    logging.getLogger("initscale").setLevel(logging.INFO)  # not the root: font libraries are talkative
    with one_line_errors() as end:
        check_clone(Path.cwd())
        options = _parser().parse_args(arguments)
        end.code = options.run(options) or 0
    return end.code


def _parser() -> argparse.ArgumentParser:
    parser = Parser(
        prog="initscale", description=__doc__, epilog=_EPILOG, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--version", action="version", version=__version__)
    stages = parser.add_subparsers(title="stages", required=True, metavar="STAGE")
    shared = Parser(add_help=False)
    shared.add_argument("--config", default=CONFIG_FOLDER / "config.yaml", type=Path, help="config.yaml to start from")
    shared.add_argument("--scale", help="name of a file in scales/ beside it")
    shared.add_argument("--results", help="results folder")
    shared.add_argument("--source", help="runs, or reference: the committed tables in results/reference")
    shared.add_argument("--set", action="append", default=[], metavar="KEY=VALUE", help="change any config key")

    stage = stages.add_parser("generate-data", parents=[shared], help="generate one data set")
    stage.add_argument("dataset", help="a key of `datasets`")
    stage.add_argument("--folder", help="where to write (default: as in the workflow)")
    stage.set_defaults(run=_generate_data)

    stage = stages.add_parser("train", parents=[shared], help="train one run, or several of equal depth at once")
    stage.add_argument("study", help="a key of `studies`")
    stage.add_argument("--select", nargs="*", default=[], metavar="AXIS=VALUE", help="which runs of the grid")
    stage.add_argument("--data", help="data folder (default: as in the workflow)")
    stage.add_argument("--fresh", action="store_true", help="ignore resume files that do not fit")
    stage.set_defaults(run=_train)

    stage = stages.add_parser("probe", parents=[shared], help="measure finished runs")
    stage.add_argument("study", help="a key of `studies`")
    stage.add_argument("--select", nargs="*", default=[], metavar="AXIS=VALUE", help="which runs of the grid")
    stage.set_defaults(run=_probe)

    for name, help_text in (
        ("aggregate", "make the table of one figure"),
        ("figure", "draw one figure from its table"),
    ):
        stage = stages.add_parser(name, parents=[shared], help=help_text)
        stage.add_argument("figure", help="such as fig2")
        stage.set_defaults(run=_aggregate if name == "aggregate" else _figure)

    add_sweep_command(stages)
    add_system_commands(stages, shared, _load)
    add_result_commands(stages, shared, _load)
    stage = stages.add_parser("config", parents=[shared], help="print the checked configuration")
    stage.set_defaults(run=_print_config)
    return parser


def _load_runs(options: argparse.Namespace) -> dict:
    """The configuration, for a command that makes or reads runs."""
    config = _load(options)
    need_runs(config)
    return config


def _load(options: argparse.Namespace, **more) -> dict:
    """The configuration that the options ask for; ``more`` wins."""
    return _loaded(options, **more).config


def _loaded(options: argparse.Namespace, **more) -> Loaded:
    overrides: dict = {}
    for text in options.set:
        overrides = merge(overrides, parse_override(text))
    named = {key: getattr(options, key) for key in ("scale", "results", "source") if getattr(options, key) is not None}
    return load(overrides | named | more, options.config)


def _generate_data(options: argparse.Namespace) -> None:
    from initscale.experiment.paths import Layout
    from initscale.stages.generate_data import generate_data

    config = _load_runs(options)
    known(options.dataset, config["datasets"], "dataset")
    folder = options.folder or Layout(config).data_folder(options.dataset)
    info = generate_data(config["datasets"][options.dataset], folder, config["execution"]["mirror"])
    print(f"{folder}: {info['rows']}")


def _data_folder(config: dict, dataset: str) -> str:
    """Folder of a data set that has been generated."""
    from initscale.experiment.paths import Layout
    from initscale.files.how_to_make import making_hint

    folder = Layout(config).data_folder(dataset)
    info = Path(folder, "dataset.json")
    if not info.exists():
        raise InputError("does not exist", where=str(info), hint=making_hint(info))
    return folder


def _train(options: argparse.Namespace) -> None:
    from initscale.experiment.grid import run_facts
    from initscale.experiment.paths import Layout, select_points
    from initscale.stages.train import train_runs

    config = _load_runs(options)
    known(options.study, config["studies"], "study")
    study, layout = config["studies"][options.study], Layout(config)
    points = select_points(study, options.select)
    execution = config["execution"] | ({"stale_resume": "discard"} if options.fresh else {})
    data = options.data or _data_folder(config, study["dataset"])
    by_depth: dict[int, list] = {}
    for point in _to_train(config, options.study, points):
        by_depth.setdefault(point["depth"], []).append(point)
    for bundle in by_depth.values():
        facts = [run_facts(config, options.study, point) for point in bundle]
        folders = [layout.run_folder(options.study, point) for point in bundle]
        init_from = [path for point in bundle for path in layout.init_from(options.study, point)]
        train_runs(facts, data, folders, execution, init_from)
        print("\n".join(folders))


def _to_train(config: dict, study: str, points: list) -> list:
    """Grid points without those whose run is finished and current; never one that would replace another's results."""
    from initscale.inspection.currency import SETTINGS, Currency
    from initscale.workflow.rules import refuse_to_replace

    currency = Currency(config)
    states = [(point, currency.run(study, point)) for point in points]
    refuse_to_replace(
        config,
        {
            f"{currency.layout.run_folder(study, point)}/run.json": state.reason
            for point, state in states
            if state.kind == SETTINGS
        },
    )
    finished = [currency.layout.run_folder(study, point) for point, state in states if state.is_current]
    print("\n".join(f"{folder} (finished before)" for folder in finished), end="\n" if finished else "")
    return [point for point, state in states if not state.is_current]


def _probe(options: argparse.Namespace) -> None:
    from initscale.experiment.grid import run_facts
    from initscale.experiment.paths import Layout, select_points
    from initscale.stages.probe import probe_run

    config = _load_runs(options)
    known(options.study, config["studies"], "study")
    study, layout = config["studies"][options.study], Layout(config)
    probes = {name: config["probes"][name] for name in study["probes"]}
    data = _data_folder(config, study["dataset"])
    for point in select_points(study, options.select):
        record = layout.probe_record(options.study, point)
        facts = run_facts(config, options.study, point)
        probe_run(layout.run_folder(options.study, point), data, probes, facts, record, layout.root)
        print(Path(record).parent)


def _aggregate(options: argparse.Namespace) -> None:
    from initscale.stages.aggregate import aggregate

    config = _with_figure(options)
    need_runs(config)
    print(aggregate(config, options.figure))


def _figure(options: argparse.Namespace) -> None:
    from initscale.stages.figure import draw

    print("\n".join(draw(_with_figure(options), options.figure)))


def _with_figure(options: argparse.Namespace) -> dict:
    """The configuration, once it is known that the figure can be made of it."""
    from initscale.figures.checking import check_figure

    loaded = _loaded(options)
    known(options.figure, loaded.config["figures"], "figure")
    check_figure(loaded.config, options.figure, loaded.describe)
    return loaded.config


def _print_config(options: argparse.Namespace) -> None:
    import yaml

    print(yaml.safe_dump(_load(options), sort_keys=False), end="")
