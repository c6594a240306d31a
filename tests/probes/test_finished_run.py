"""What a probe sees of a run besides its final weights: the first ones and those kept along the way."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch

from initscale.errors import InputError
from initscale.experiment.grid import run_facts
from initscale.probes.change.measure import decay_factor
from initscale.probes.run import FinishedRun, open_run
from initscale.training.loop import Options, train

POINT = {"gamma": 0.5, "depth": 2, "lr": 2e-3, "seed": 3}


@pytest.fixture
def run(smoke, data, tmp_path) -> FinishedRun:
    """A trained run with six snapshots and a decay that is seen within its 60 steps."""
    facts = run_facts(smoke, "phase", POINT)
    facts["evaluation"] = facts["evaluation"] | {"snapshots": 6}
    facts["training"] = facts["training"] | {"weight_decay": 3.0}
    train([facts], [tmp_path / "run"], data, Options())
    return open_run(tmp_path / "run", tmp_path / "data")


def test_first_weights_are_drawn_again_and_snapshots_lead_to_the_last_ones(run):
    snapshots = run.snapshots()
    assert list(snapshots) == sorted(snapshots)
    assert (min(snapshots), max(snapshots), len(snapshots)) == (0, 60, 6)
    first = run.initial_weights()
    for name, weight in run.weights.items():
        assert torch.equal(snapshots[0][name], first[name])
        assert torch.equal(snapshots[60][name], weight)
    assert not torch.equal(first["output.weight"], run.weights["output.weight"])


def test_decay_alone_moves_what_has_no_gradient(run):
    """Embeddings of tokens that never occur end at c times their first value, after every step that was kept."""
    first, rows = run.initial_weights()["tokens.weight"][150:], slice(150, None)
    for step, weights in run.snapshots().items():
        ratio = (weights["tokens.weight"][rows] / first).numpy()
        np.testing.assert_allclose(ratio, decay_factor(run.facts, step), rtol=1e-4)
    assert decay_factor(run.facts, 60) < 0.9


def test_a_run_that_continues_another_has_no_first_weights(smoke):
    facts = run_facts(smoke, "addition_tuned", {"gamma": 0.5, "depth": 2, "weight_decay": 0.01, "seed": 0})
    with pytest.raises(InputError, match="began with another run"):
        FinishedRun(facts, {}, Path(), Path()).initial_weights()
