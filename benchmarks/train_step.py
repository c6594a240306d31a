"""Time one training step: the engine against a plain full-sequence implementation, interleaved in one run.

    python benchmarks/train_step.py --depths 2 3 4 5 6 7 --threads 2            one run, CPU
    python benchmarks/train_step.py --bundles 1 4 --threads 2                   several runs in one process
    python benchmarks/train_step.py --scale laptop --study gpt2 --threads 1 --precisions fp32
    python benchmarks/train_step.py --device cuda --precisions tf32 bf16 --bundles 1 4 16 64

Prints one row per case and a JSON line at the end. Machines differ and drift, so compare the ratios of one run, not
milliseconds of two. `plain` is `initscale.models.decoder.Decoder` in float32 with torch's fused AdamW; it computes all
positions of all layers, as the authors' code does. A bundle's time is for all its runs together.
"""

from __future__ import annotations

import argparse
import json
import statistics
import time

import torch
from torch.nn import functional as F

from initscale.config.load import load_config
from initscale.experiment.grid import run_facts, study_points
from initscale.models.decoder import Decoder
from initscale.models.initializations.per_tensor import initial_weights
from initscale.models.scale import InitSpec
from initscale.models.spec import ModelSpec
from initscale.provenance.machine import machine, versions
from initscale.tasks.interface import TaskData
from initscale.training.allocation import keep_freed_memory
from initscale.training.determinism import prepare
from initscale.training.last_token_trainer import Trainer


def synthetic_data(facts: dict, rows: int) -> TaskData:
    """Random sequences with the task's tokens; the time of a step does not depend on the labels."""
    low, high = facts["dataset"]["values"]
    draw = torch.Generator().manual_seed(0)
    tokens = torch.randint(low, high + 1, (rows, facts["dataset"]["length"]), generator=draw)
    tokens[:, 1:3] = torch.randint(1, 5, (rows, 2), generator=draw)
    labels = torch.randint(low, high + 1, (rows,), generator=draw)
    return TaskData(tokens, labels, torch.arange(low, high + 1), (), "synthetic")


class PlainTrainer:
    """The same step in plain PyTorch."""

    def __init__(self, facts: dict, data: TaskData, device: torch.device):
        spec = ModelSpec.from_config(facts["model"])
        weights = initial_weights(spec, InitSpec.from_config(facts["model"]["init"]), facts["seed"])
        self.model = Decoder.with_weights(spec, weights).to(device).requires_grad_(True)
        self.optimizer = torch.optim.AdamW(self.model.parameters(), lr=1e-4, fused=True)
        self.tokens, self.labels = data.tokens_Nn.to(device), data.labels_N.to(device)
        self.batch = facts["training"]["batch"]

    def step(self, step: int) -> None:
        rows = torch.randint(len(self.labels), (self.batch,))
        loss = F.cross_entropy(self.model(self.tokens[rows])[:, -1], self.labels[rows])
        self.optimizer.zero_grad()
        loss.backward()
        torch.nn.utils.clip_grad_norm_(self.model.parameters(), 1.0)
        self.optimizer.step()


def facts_of(scale: str, depth: int, precision: str, seed: int = 0, study: str = "phase") -> dict:
    """Facts of a run of the study at the given depth."""
    config = load_config({"scale": scale})
    facts = run_facts(config, study, next(study_points(config["studies"][study])))
    model = {**facts["model"], "depth": depth}
    training = {**facts["training"], "precision": precision, "duration": "100000 steps"}
    return {**facts, "model": model, "training": training, "seed": seed}


def measure(trainers: dict, repeats: int, device: torch.device) -> dict[str, float]:
    """Median seconds per step of each trainer, taken in turn."""
    seconds: dict[str, list[float]] = {name: [] for name in trainers}
    for repeat in range(repeats + 1):
        for name, trainer in trainers.items():
            started = time.perf_counter()
            trainer.step(repeat)
            if device.type == "cuda":
                torch.cuda.synchronize()
            if repeat:  # the first is a warm-up
                seconds[name].append(time.perf_counter() - started)
    return {name: statistics.median(times) for name, times in seconds.items()}


def matmul_peak(device: torch.device, dtype: torch.dtype = torch.float32) -> float:
    """Best of several large matrix products, in FLOP per second."""
    a, b = (torch.randn(2048, 2048, device=device).to(dtype) for _ in range(2))
    best = float("inf")
    for _ in range(8):
        started = time.perf_counter()
        a @ b
        if device.type == "cuda":
            torch.cuda.synchronize()
        best = min(best, time.perf_counter() - started)
    return 2 * 2048**3 / best


def matrix_flop(facts: dict) -> float:
    """FLOP of the matrix products that the engine's step cannot avoid (forward and backward), without tables."""
    m, n, batch = facts["model"], facts["dataset"]["length"], facts["training"]["batch"]
    d, e = m["d_model"], m["n_heads"] * m["d_head"]
    ffn, attention = 2 * d * m["d_ff"], 4 * d * e
    first = ffn * (n - 1) if m["depth"] > 1 else 0
    middle = (m["depth"] - 2) * (ffn + attention) * (n - 1) if m["depth"] > 2 else 0
    return 6 * batch * (first + middle + attention + ffn + d * m["vocabulary"])


def cases(options: argparse.Namespace, depth: int, device: torch.device) -> dict:
    """Trainers by name, such as `fp32` or `bf16 x4`."""
    trainers = {}
    for precision in options.precisions:
        for bundle in options.bundles:
            facts = [facts_of(options.scale, depth, precision, seed, options.study) for seed in range(bundle)]
            data = synthetic_data(facts[0], 20 * facts[0]["training"]["batch"])
            if not options.no_plain:
                trainers.setdefault(
                    "plain", PlainTrainer(facts_of(options.scale, depth, "fp32", study=options.study), data, device)
                )
            trainers[precision if bundle == 1 else f"{precision} x{bundle}"] = Trainer(facts, data, device)
    return trainers


def table_row(depth: int, name: str, seconds: float, plain: float | None, peaks: dict[str, float], facts: dict) -> dict:
    """One row of the printed table."""
    precision, _, bundle = name.partition(" x")
    runs = int(bundle or 1)
    floor = runs * matrix_flop(facts) / peaks.get(precision, peaks["fp32"])
    return {
        "depth": depth,
        "case": name,
        "ms": round(1e3 * seconds, 2),
        "ratio_to_plain": round(runs * plain / seconds, 2) if plain else None,
        "share_of_peak": round(floor / seconds, 2) if name != "plain" else None,
        "runs_per_hour_of_77700_steps": round(runs * 3600 / (77_700 * seconds), 3),
    }


def parse_arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--scale", default="paper")
    parser.add_argument("--study", default="phase", help="whose model, data and batch are taken")
    parser.add_argument("--depths", type=int, nargs="+", default=[2])
    parser.add_argument("--precisions", nargs="+", default=["fp32", "bf16"], choices=["fp32", "tf32", "bf16"])
    parser.add_argument("--bundles", type=int, nargs="+", default=[1])
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--repeats", type=int, default=7)
    parser.add_argument("--device", default="cpu", choices=["cpu", "cuda"])
    parser.add_argument("--no-plain", action="store_true")
    return parser.parse_args()


def main() -> None:
    options = parse_arguments()
    keep_freed_memory()
    device = prepare(options.device, options.threads, "tf32" if "tf32" in options.precisions else "fp32")
    types = {"fp32": torch.float32, "bf16": torch.bfloat16}
    peaks = {name: matmul_peak(device, dtype) for name, dtype in types.items()}
    rows = []
    for depth in options.depths:
        seconds = measure(cases(options, depth, device), options.repeats, device)
        for name, value in seconds.items():
            facts = facts_of(options.scale, depth, "fp32", study=options.study)
            rows.append(table_row(depth, name, value, seconds.get("plain"), peaks, facts))
            print("  ".join(f"{key} {shown}" for key, shown in rows[-1].items()), flush=True)
    setting = {
        **vars(options),
        "peak_gflops": {name: round(peak / 1e9, 1) for name, peak in peaks.items()},
        "machine": machine(),
        "torch": versions()["torch"],
    }
    print(json.dumps({"setting": setting, "rows": rows}))


if __name__ == "__main__":
    main()
