"""What the trainings behind each figure cost, from the work that a step cannot avoid.

    python benchmarks/cost.py                        the paper's scale, FLOP only
    python benchmarks/cost.py --tflops 20 50 100     and the device-hours at these sustained rates

A rate is what `train_step.py` measures on a device: share of peak x peak. Runs that several figures use are counted for
each of them; the last row counts every run once.
"""

from __future__ import annotations

import argparse
import re

from train_step import matrix_flop

from initscale.config.load import load_config
from initscale.experiment.durations import parse_time, steps_per_epoch
from initscale.experiment.grid import Point, bundles, run_facts, start_of, study_points
from initscale.experiment.paths import point_key
from initscale.stages.aggregate import named_inputs
from initscale.tasks import load_task

Run = tuple[str, str]  # study, name of the run's folder


def run_costs(config: dict) -> dict[Run, float]:
    """FLOP of every training of a configuration."""
    costs = {}
    for name, study in config["studies"].items():
        rows = load_task(config["datasets"][study["dataset"]]["task"]).training_rows(
            config["datasets"][study["dataset"]]
        )
        for point in study_points(study):
            facts = run_facts(config, name, point)
            recipe = facts["training"]
            steps = parse_time(recipe["duration"], steps_per_epoch(rows, recipe["batch"]))
            costs[name, point_key(point)] = steps * step_flop(facts)
    return costs


def step_flop(facts: dict) -> float:
    """FLOP of a step; for sequences an upper bound, since every one is taken to be as long as its task allows."""
    task = load_task(facts["dataset"]["task"])
    if task.TRAINER == "trainer":
        return matrix_flop(facts)
    m, n = facts["model"], task.sequence_length(facts["dataset"])
    d, e = m["d_model"], m["n_heads"] * m["d_head"]
    layer = 4 * d * e + 2 * d * m["d_ff"] + n * e  # the last: causal attention, half of its two products
    return 6 * facts["training"]["batch"] * n * (m["depth"] * layer + d * m["vocabulary"])


def runs_of(config: dict, figure: str) -> set[Run]:
    """Runs that a figure's table is made from, directly or through probes, and those that they start from."""
    inputs = named_inputs(config, figure).values()
    paths = [path for value in inputs for path in ([value] if isinstance(value, str) else value)]
    shown = {match.groups() for path in paths if (match := re.search(r"/(?:runs|probes)/(\w+)/([^/]+)/", path))}
    return shown | {(study, point_key(point)) for study, point in _starts(config, shown)}


def _starts(config: dict, runs: set[Run]) -> list[tuple[str, Point]]:
    """The runs whose final weights these start from."""
    found = [
        start_of(config, study, point)
        for name, study in config["studies"].items()
        for point in study_points(study)
        if (name, point_key(point)) in runs
    ]
    return [start for start in found if start]


def jobs(config: dict, runs: set[Run]) -> int:
    """SLURM jobs that train these runs."""
    found = {
        (name, bundle)
        for name, study in config["studies"].items()
        for bundle, points in bundles(study).items()
        for point in points
        if (name, point_key(point)) in runs
    }
    return len(found)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--scale", default="paper")
    parser.add_argument("--tflops", type=float, nargs="*", default=[], help="sustained rates, TFLOP/s")
    options = parser.parse_args()
    config = load_config({"scale": options.scale})
    costs = run_costs(config)
    figures = {name: runs_of(config, name) for name in config["figures"] if name != "style"}
    print("| figure | trainings | jobs | EFLOP |" + "".join(f" hours at {rate:g} TFLOP/s |" for rate in options.tflops))
    print("|---|---|---|---|" + "---|" * len(options.tflops))
    for name, runs in [*figures.items(), ("all", set().union(*figures.values()))]:
        flop = sum(costs[run] for run in runs)
        hours = "".join(f" {flop / (1e12 * rate) / 3600:.1f} |" for rate in options.tflops)
        print(f"| {name} | {len(runs)} | {jobs(config, runs)} | {flop / 1e18:.2f} |{hours}")


if __name__ == "__main__":
    main()
