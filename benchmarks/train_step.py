"""Time one training step: the engine against a plain full-sequence implementation, interleaved in one run.

    python benchmarks/train_step.py --depths 2 3 --threads 2

Prints one row per case and a JSON line at the end. Machines differ and drift, so compare the ratios of one
run, not milliseconds of two. `plain` is `initscale.models.decoder.Decoder` with torch's fused AdamW; it computes all
positions of all layers, as the authors' code does.
"""

from __future__ import annotations

import argparse
import json
import statistics
import time

import torch
from torch.nn import functional as F

from initscale.config import load_config
from initscale.models.decoder import Decoder
from initscale.models.init import InitSpec, initial_weights
from initscale.models.spec import ModelSpec
from initscale.provenance import machine, versions
from initscale.tasks.interface import TaskData
from initscale.training.trainer import Trainer


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
        weights = initial_weights(spec, InitSpec(**facts["model"]["init"]), facts["seed"])
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


def facts_of(scale: str, depth: int, precision: str) -> dict:
    """Facts of a run of the study `phase` at the given depth."""
    from initscale.grid import run_facts, study_points

    config = load_config({"scale": scale})
    facts = run_facts(config, "phase", next(study_points(config["studies"]["phase"])))
    facts["model"]["depth"] = depth
    facts["training"] = {**facts["training"], "precision": precision, "duration": "100000 steps"}
    return facts


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
    """FLOP of the matrix products that the engine's step cannot avoid (forward and backward)."""
    m, n, batch = facts["model"], facts["dataset"]["length"], facts["training"]["batch"]
    d, e = m["d_model"], m["n_heads"] * m["d_head"]
    layer = 4 * d * e + 2 * d * m["d_ff"]
    first = 2 * d * m["d_ff"] * n if m["depth"] > 1 else 0
    return 6 * batch * (first + (m["depth"] - 2) * layer * n * (m["depth"] > 2) + layer + d * m["vocabulary"])


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--scale", default="paper")
    parser.add_argument("--depths", type=int, nargs="+", default=[2])
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--repeats", type=int, default=7)
    parser.add_argument("--device", default="cpu", choices=["cpu", "cuda"])
    parser.add_argument("--precision", default="fp32", choices=["fp32", "bf16"])
    options = parser.parse_args()
    torch.set_num_threads(options.threads)
    device = torch.device(options.device)
    peak = matmul_peak(device)
    rows = []
    print(f"{'depth':>5} {'plain ms':>9} {'engine ms':>9} {'ratio':>6} {'of peak':>8}")
    for depth in options.depths:
        facts = facts_of(options.scale, depth, options.precision)
        data = synthetic_data(facts, 20 * facts["training"]["batch"])
        trainers = {"plain": PlainTrainer(facts, data, device), "engine": Trainer([facts], data, device)}
        found = measure(trainers, options.repeats, device)
        row = {
            "depth": depth,
            "plain_ms": round(1e3 * found["plain"], 1),
            "engine_ms": round(1e3 * found["engine"], 1),
            "ratio": round(found["plain"] / found["engine"], 2),
            "share_of_peak": round(matrix_flop(facts) / found["engine"] / peak, 2),
        }
        rows.append(row)
        print(
            f"{depth:5d} {row['plain_ms']:9.1f} {row['engine_ms']:9.1f} {row['ratio']:6.2f} {row['share_of_peak']:8.0%}"
        )
    setting = {**vars(options), "peak_gflops": round(peak / 1e9, 1), "machine": machine(), "torch": versions()["torch"]}
    print(json.dumps({"setting": setting, "rows": rows}))


if __name__ == "__main__":
    main()
