"""The probe dynamics: the same scores as the probes of the final weights, at every snapshot."""

from __future__ import annotations

import pandas as pd
import pytest

from initscale.errors import InputError
from initscale.experiment.grid import run_facts
from initscale.probes.attention import measure as attention
from initscale.probes.change import measure as change
from initscale.probes.dynamics.measure import probe
from initscale.probes.run import FinishedRun, open_run
from initscale.probes.sharpness import measure as sharpness
from initscale.training.loop import Options, train

OPTIONS = {
    "change": {"top": 1},
    "attention": {"sequences": 30},
    "sharpness": {
        "sequences": 32, "batches": 1, "batch": 64, "kernel_sequences": 4, "draws": 1, "tolerance": 1e-2,
        "products": 100,
    },
    "sharpness_every": 2,
}  # fmt: skip


def trained(smoke, data, folder, snapshots: int) -> FinishedRun:
    facts = run_facts(smoke, "phase", {"gamma": 0.5, "depth": 2, "lr": 2e-3, "seed": 0})
    facts["evaluation"] = facts["evaluation"] | {"snapshots": snapshots}
    train([facts], [folder / "run"], data, Options())
    return open_run(folder / "run", folder / "data")


def test_the_last_snapshot_has_the_scores_of_the_finished_run(smoke, data, tmp_path):
    run = trained(smoke, data, tmp_path, 5)
    rows = probe(run, OPTIONS).to_pandas()
    steps = list(run.snapshots())
    for name, module in (("change", change), ("attention", attention), ("sharpness", sharpness)):
        final = module.probe(run, OPTIONS[name]).to_pandas()
        final = final[~final["quantity"].str.endswith("_uniform")]
        both = final.merge(rows[rows["i"] == steps[-1]], on=["quantity", "part"], suffixes=("", "_then"))
        assert len(both) == len(final)
        pd.testing.assert_series_equal(both["value"], both["value_then"], check_names=False, rtol=1e-4)
    of = {quantity: part.set_index("i")["value"] for quantity, part in rows[rows["part"] == ""].groupby("quantity")}
    assert list(of["decay_factor"].index) == steps[1:]  # nothing has changed at step 0
    assert of["decay_factor"].is_monotonic_decreasing
    assert list(of["lambda_max"].index) == [steps[0], steps[2], steps[4]]
    assert of["loss"].iloc[-1] < of["loss"].iloc[0]


def test_a_run_without_snapshots_is_refused(smoke, data, tmp_path):
    with pytest.raises(InputError, match="kept no weights along the way"):
        probe(trained(smoke, data, tmp_path, 0), OPTIONS)
