"""Loss curves in bf16 beside float32, and beside a second float32 training that only rounds differently.

    python benchmarks/precision.py --scale laptop --gammas 0.1 0.5 0.7 1.1 --steps 1500

Trains the same run (study `phase`, depth 2, first seed) three times per gamma: float32, bf16, and float32 with
batches worked off in parts of another size, whose sums are taken in another order. Two roundings of one training
drift apart; bf16 is harmless as long as its distance is not much larger than theirs.
"""

from __future__ import annotations

import argparse
import json
import tempfile
from pathlib import Path

import pandas as pd

from initscale.config.load import load_config
from initscale.experiment.grid import run_facts, study_points
from initscale.files.storage import read_table
from initscale.provenance.machine import machine, versions
from initscale.stages.generate_data import generate_data
from initscale.tasks import load_task
from initscale.tasks.interface import TaskData
from initscale.training import trainer
from initscale.training.loop import Options, train

CASES = {"float32": ("fp32", 512), "bf16": ("bf16", 512), "float32, other order": ("fp32", 320)}  # precision, part
SHOWN = ("loss", "acc_test", "acc_4_3_symmetric_train_keys", "acc_4_3_inferential_train_keys")


def planned(scale: str, gamma: float, steps: int, every: int) -> dict:
    """Facts of a shortened run."""
    config = load_config({"scale": scale})
    facts = run_facts(config, "phase", next(study_points(config["studies"]["phase"])))
    init = {**facts["model"]["init"], "gamma": gamma}
    evaluation = {**facts["evaluation"], "every": f"{every} steps"}
    recipe = {
        **facts["training"],
        "duration": f"{steps} steps",
        "warmup": f"{3 * steps // 10} steps",
        "early_stopping": None,
    }
    return {**facts, "model": {**facts["model"], "init": init}, "training": recipe, "evaluation": evaluation}


def curves(facts: dict, data: TaskData, folder: Path) -> dict[str, pd.DataFrame]:
    """History of each case, without the row before the first step."""
    found = {}
    for name, (precision, part) in CASES.items():
        trainer._PART = part
        case = {**facts, "training": {**facts["training"], "precision": precision}}
        train([case], [folder / name], data, Options())
        found[name] = read_table(folder / name / "history.parquet").to_pandas().iloc[1:]
    return found


def distances(found: dict[str, pd.DataFrame]) -> list[dict]:
    """Distance of the other cases to float32: largest relative one of the loss in each third, and the end."""
    plain, rows = found["float32"], []
    for name, other in list(found.items())[1:]:
        relative = (other["loss"] / plain["loss"] - 1).abs().to_numpy()
        thirds = [float(relative[len(relative) * i // 3 : len(relative) * (i + 1) // 3].max()) for i in range(3)]
        ends = {column: [round(float(case[column].iloc[-1]), 3) for case in (plain, other)] for column in SHOWN}
        rows.append({"case": name, "largest_relative_difference_of_the_loss": [f"{x:.1e}" for x in thirds], **ends})
    return rows


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--scale", default="laptop")
    parser.add_argument("--gammas", type=float, nargs="+", default=[0.1, 0.5, 0.7, 1.1])
    parser.add_argument("--steps", type=int, default=1500)
    parser.add_argument("--every", type=int, default=50)
    options = parser.parse_args()
    rows = []
    with tempfile.TemporaryDirectory() as folder:
        dataset = planned(options.scale, options.gammas[0], options.steps, options.every)["dataset"]
        generate_data(dataset, f"{folder}/data")
        data = load_task(dataset["task"], "tensors").load(dataset, f"{folder}/data", 1000)
        for gamma in options.gammas:
            facts = planned(options.scale, gamma, options.steps, options.every)
            for row in distances(curves(facts, data, Path(folder) / f"{gamma:g}")):
                rows.append({"gamma": gamma, **row})
                print("  ".join(f"{key} {value}" for key, value in rows[-1].items()), flush=True)
    print(json.dumps({"setting": vars(options), "machine": machine(), "torch": versions()["torch"], "rows": rows}))


if __name__ == "__main__":
    main()
