"""Commands that look at results: scorecard, departures, report, explain, compare, status."""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable
from pathlib import Path

from initscale.cli.errors import known, need_runs, positive

EXPORTS = ("tensorboard", "csv")


def add_result_commands(stages, shared: argparse.ArgumentParser, load: Callable[..., dict]) -> None:
    """Add the commands to the command line's parser.

    Parameters
    ----------
    stages : what ``add_subparsers`` returned.
    shared : parser with the options that all commands have.
    load : from the parsed options to the configuration.
    """

    def add(name: str, run: Callable, help_text: str) -> argparse.ArgumentParser:
        parser = stages.add_parser(name, parents=[shared], help=help_text)
        parser.set_defaults(run=lambda options: run(options, load))
        return parser

    parser = add("scorecard", _scorecard, "judge every claim of the paper on the tables")
    parser.add_argument(
        "--docs", action="store_true", help="write docs/scorecard.md and README's counts from the committed tables"
    )
    add("departures", _departures, "write docs/departures.md: what differs from the paper and its authors' code")
    add("report", _report, "one self-contained HTML file from scorecard, figures and tables")
    parser = add("explain", _explain, "where a figure comes from: table, runs, settings, commits, logs; what is stale")
    parser.add_argument("figure", help="such as fig4")
    parser = add("adopt", _adopt, "take over finished results from another clone or machine; hashes decide")
    parser.add_argument("folder", help="a results folder")
    parser = add("export", _export, "histories of finished runs as TensorBoard event files and CSV")
    parser.add_argument("study", help="a key of `studies`")
    parser.add_argument("--select", nargs="*", default=[], metavar="AXIS=VALUE", help="which runs of the grid")
    parser.add_argument("--to", metavar="FOLDER", help="where to write (default: RESULTS/SCALE/export)")
    parser.add_argument("--format", nargs="+", choices=EXPORTS, default=list(EXPORTS), dest="formats")
    parser = add("archive", _archive, "copy records, histories and measurements of finished runs, without weights")
    parser.add_argument("folder", help="where to; `adopt` takes it back")
    parser.add_argument("--studies", nargs="+", default=[], metavar="STUDY", help="only these")
    add("compare", _compare, "own tables against the reference: effects with tolerances, verdicts that differ")
    parser = add("status", _status, "runs done, running, failed and missing, and the time left")
    parser.add_argument("--watch", type=positive, metavar="SECONDS", help="print it again every so many seconds")


def _scorecard(options: argparse.Namespace, load: Callable) -> None:
    from initscale.stages.scorecard import need_tables, scorecard

    if options.docs:
        _write_scorecard_page()
    else:
        config = load(options)
        need_tables(config)
        print(scorecard(config))


def _write_scorecard_page() -> None:
    from initscale.claims.markdown import into_readme
    from initscale.claims.side_by_side import counts_table, scorecard_page
    from initscale.repository import checkout
    from initscale.stages.scorecard import reference_scorecards

    cards = reference_scorecards()
    readme, page = checkout() / "README.md", checkout() / "docs" / "scorecard.md"
    text = into_readme(readme.read_text(encoding="utf-8"), counts_table(cards))
    readme.write_text(text, encoding="utf-8")
    page.write_text(scorecard_page(cards), encoding="utf-8")
    print(f"{readme}\n{page}")


def _departures(_: argparse.Namespace, __: Callable) -> None:
    from initscale.config.load import load_config
    from initscale.paper.departures import SCALES, markdown
    from initscale.repository import checkout

    path = checkout() / "docs" / "departures.md"
    path.write_text(markdown({scale: load_config({"scale": scale}) for scale in SCALES}), encoding="utf-8")
    print(path)


def _report(options: argparse.Namespace, load: Callable) -> None:
    from initscale.stages.report import report

    print(report(load(options)))


def _explain(options: argparse.Namespace, load: Callable) -> int:
    from initscale.inspection.explain import explain

    lines, flags = explain(load(options), options.figure)
    print("\n".join(lines))
    return 1 if any(flag.startswith("stale") for flag in flags) else 0


def _adopt(options: argparse.Namespace, load: Callable) -> int:
    from initscale.inspection.adopt import adopt

    config = load(options)
    need_runs(config)
    adopted = adopt(config, options.folder)
    print("\n".join(adopted.lines()))
    return 1 if adopted.refused and not adopted.taken else 0


def _export(options: argparse.Namespace, load: Callable) -> None:
    from initscale.experiment.paths import Layout, select_points
    from initscale.report.export import export

    config = load(options)
    known(options.study, config["studies"], "study")
    points = select_points(config["studies"][options.study], options.select)
    folder = options.to or f"{Layout(config).root}/export"
    print("\n".join(map(str, export(config, options.study, points, folder, options.formats))))


def _archive(options: argparse.Namespace, load: Callable) -> None:
    from initscale.inspection.adopt import archive

    config = load(options)
    need_runs(config)
    for study in options.studies:
        known(study, config["studies"], "study")
    print("\n".join(archive(config, options.folder, options.studies).lines()))


def _compare(options: argparse.Namespace, load: Callable) -> int:
    from initscale.claims.compare import compare, words
    from initscale.stages.scorecard import make_scorecard, need_tables

    configs = [load(options, source=source) for source in ("runs", "reference")]
    for config in configs:
        need_tables(config)
    own, reference = map(make_scorecard, configs)
    rows = compare(own, reference)
    print("\n".join(words(rows)))
    return 1 if rows["outcome"].isin(["verdict differs", "effect differs"]).any() else 0


def _status(options: argparse.Namespace, load: Callable) -> None:
    from initscale.inspection.status import status_lines

    config = load(options)
    need_runs(config)
    while True:
        print("\n".join(status_lines(config)), flush=True)
        if options.watch is None or not Path(config["results"]).exists():
            return
        time.sleep(options.watch)
