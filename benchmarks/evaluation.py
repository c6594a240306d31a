"""Share of a training's time that its evaluations take: scores of every group, norms, spectrum of the embedding.

    python benchmarks/evaluation.py --scale paper --depths 2 7

Steps and evaluations are measured in turn on the scale's real data (generated into a temporary folder).
"""

from __future__ import annotations

import argparse
import json
import statistics
import tempfile
import time
from pathlib import Path

from train_step import facts_of

from initscale.provenance.machine import machine
from initscale.stages.generate_data import generate_data
from initscale.tasks import load_task
from initscale.tasks.interface import TaskData
from initscale.training.allocation import keep_freed_memory
from initscale.training.determinism import prepare
from initscale.training.last_token_trainer import Trainer
from initscale.training.recipe import Recipe


def evaluation_share(facts: dict, data: TaskData, repeats: int) -> dict[str, float]:
    """Medians of a step and an evaluation, and the evaluations' share of the planned training."""
    trainer = Trainer([facts], data, prepare("cpu", 1, facts["training"]["precision"]))
    step_s, evaluation_s = [], []
    for repeat in range(repeats + 1):
        started = time.perf_counter()
        trainer.step(repeat)
        stepped = time.perf_counter()
        trainer.scores()
        trainer.norms()
        if repeat:  # the first is a warm-up
            step_s.append(stepped - started)
            evaluation_s.append(time.perf_counter() - stepped)
    recipe = Recipe.from_facts(facts, len(data.tokens_Nn))
    evaluations = sum(recipe.is_evaluated(step) for step in range(1, recipe.steps + 1))
    step, evaluation = statistics.median(step_s), statistics.median(evaluation_s)
    spent = evaluations * evaluation
    return {
        "step_ms": round(1e3 * step, 1),
        "evaluation_ms": round(1e3 * evaluation, 1),
        "steps": recipe.steps,
        "evaluations": evaluations,
        "share": round(spent / (spent + recipe.steps * step), 4),
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--scale", default="paper")
    parser.add_argument("--depths", type=int, nargs="+", default=[2])
    parser.add_argument("--precision", default="fp32", choices=["fp32", "bf16"])
    parser.add_argument("--repeats", type=int, default=5)
    options = parser.parse_args()
    keep_freed_memory()
    rows = []
    with tempfile.TemporaryDirectory() as folder:
        for depth in options.depths:
            planned = facts_of(options.scale, depth, options.precision)
            if not (Path(folder) / "dataset.json").exists():
                generate_data(planned["dataset"], folder)
            task = load_task(planned["dataset"]["task"], "tensors")
            data = task.load(planned["dataset"], folder, planned["evaluation"]["sequences"])
            rows.append({"scale": options.scale, "depth": depth} | evaluation_share(planned, data, options.repeats))
            print("  ".join(f"{key} {value}" for key, value in rows[-1].items()), flush=True)
    print(json.dumps({"setting": vars(options), "machine": machine(), "rows": rows}))


if __name__ == "__main__":
    main()
