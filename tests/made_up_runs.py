"""Finished runs with chosen weights and histories, without training."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pyarrow as pa
import torch

from initscale.experiment.grid import facts_hash, run_facts, study_points
from initscale.experiment.paths import RUN_FILES, Layout
from initscale.files.storage import file_hash, write_json, write_table
from initscale.models.spec import ModelSpec, parameters
from initscale.probes import load_probe
from initscale.probes.run import FinishedRun
from initscale.records.code import code_hash, data_roots, training_code

STEPS = (0, 20, 40, 60)


def made_up_run(
    config: dict,
    point: dict,
    weights: dict | None = None,
    courses: dict | None = None,
    answers=(0.5, 0.5),
    study: str = "phase",
) -> FinishedRun:
    """A run of a study with normal weights, save those given, and a history of eigenvalues.

    ``courses``: rank -> eigenvalue at each of STEPS; the others are constant. ``answers``: final accuracy on the
    unseen pair, inferential and symmetric.
    """
    facts = run_facts(config, study, point)
    draw = torch.Generator().manual_seed(1)
    found = {p.name: torch.randn(p.shape, generator=draw) for p in parameters(ModelSpec.from_config(facts["model"]))}
    found |= {name: torch.as_tensor(np.asarray(value), dtype=torch.float32) for name, value in (weights or {}).items()}
    folder = Path(Layout(config).run_folder(study, point))
    write_table(folder / "history.parquet", made_up_history(courses or {}, answers))
    return FinishedRun(facts, found, folder, folder)


def made_up_history(courses: dict, answers: tuple[float, float], ranks: int = 20) -> pa.Table:
    """Columns step, epoch, embedding_eigenvalues and two accuracies."""
    constant = [[0.01 / rank] * len(STEPS) for rank in range(1, ranks + 1)]
    for rank, values in courses.items():
        constant[rank - 1] = values
    eigenvalues = np.array(constant).T.tolist()
    names = (f"acc_4_3_{mapping}_train_keys" for mapping in ("inferential", "symmetric"))
    accuracies = {name: [0.0, 0.0, 0.0, answer] for name, answer in zip(names, answers, strict=True)}
    epochs = [step / 20 for step in STEPS]
    return pa.table({"step": STEPS, "epoch": epochs, "embedding_eigenvalues": eigenvalues, **accuracies})


def write_probes(config: dict, make_run, probes=("condensation", "embedding", "spectra"), study: str = "phase") -> None:
    """Probe tables for every point of a study; ``make_run(point)`` gives the run."""
    for point in study_points(config["studies"][study]):
        run = make_run(point)
        for probe in probes:
            table = load_probe(probe).probe(run, config["probes"][probe])
            write_table(Layout(config).probe_file(study, point, probe), table)


def scores(table: pa.Table) -> dict[tuple[str, str], float]:
    """Scores of a probe by quantity and part."""
    data = table.to_pandas()
    return {(row.quantity, row.part): row.value for row in data[data["i"] < 0].itertuples()}


def values(table: pa.Table, quantity: str, part: str = "") -> np.ndarray:
    """A vector of a probe, in the order of its index."""
    data = table.to_pandas()
    return data[(data["quantity"] == quantity) & (data["part"] == part)].sort_values("i")["value"].to_numpy()


def finish_run(config: dict, study: str, point: dict, **changes) -> Path:
    """Files of a finished run that counts as current, but for ``changes`` of its record; its folder."""
    layout, section = Layout(config), config["studies"][study]
    files = layout.data_files(section["dataset"])
    spec, info = config["datasets"][section["dataset"]], files.pop("info")
    if not Path(info).exists():
        for path in files.values():
            Path(path).parent.mkdir(parents=True, exist_ok=True)
            Path(path).write_bytes(b"data")
        hashes = {Path(path).name: file_hash(path) for path in files.values()}
        code = code_hash(data_roots(spec["task"]))
        write_json(info, {"spec": spec, "content_hash": "content", "code": code, "files": hashes})
    facts, folder = run_facts(config, study, point), Path(layout.run_folder(study, point))
    folder.mkdir(parents=True, exist_ok=True)
    names = [name for name in RUN_FILES.values() if name != "run.json"]
    for name in names:
        (folder / name).write_bytes(name.encode())
    record = {"facts": facts, "facts_hash": facts_hash(facts), "data_hash": "content", "code": training_code(facts)}
    write_json(folder / "run.json", record | {"files": {name: file_hash(folder / name) for name in names}} | changes)
    return folder
