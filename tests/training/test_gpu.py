"""The training on a GPU: the captured update against the CPU, by tolerance. Skipped where torch sees no GPU."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from initscale.errors import Interrupted
from initscale.experiment.grid import run_facts, study_points
from initscale.files.storage import read_table
from initscale.training.cuda_graph import put_back
from initscale.training.lockstep import Lockstep
from initscale.training.loop import Options, train

needs_gpu = pytest.mark.skipif(not torch.cuda.is_available(), reason="torch sees no GPU on this machine")


@pytest.fixture
def facts(smoke) -> list[dict]:
    return [run_facts(smoke, "phase", p) for p in study_points(smoke["studies"]["phase"]) if p["depth"] == 2]


def losses(facts: list[dict], data, folder, device: str) -> np.ndarray:
    folders = [folder / device / str(run) for run in range(len(facts))]
    train(facts, folders, data, Options(device=device))
    return np.array([read_table(f / "history.parquet")["loss"].to_pylist()[1:] for f in folders])


@needs_gpu
@pytest.mark.parametrize(("precision", "tolerance"), [("fp32", 1e-3), ("tf32", 2e-2), ("bf16", 5e-2)])
def test_a_bundle_on_the_gpu_follows_the_cpu(facts, data, tmp_path, precision, tolerance):
    chosen = [{**f, "training": {**f["training"], "precision": precision}} for f in facts]
    on_gpu = losses(chosen, data, tmp_path, "cuda")
    np.testing.assert_allclose(on_gpu, losses(facts, data, tmp_path, "cpu"), rtol=tolerance)


@needs_gpu
def test_the_warm_up_of_the_capture_leaves_no_trace(facts, data, tmp_path):
    """One run alone and in a bundle start from the same weights; three uncounted updates would show."""
    alone = losses(facts[:1], data, tmp_path / "alone", "cuda")
    together = losses(facts, data, tmp_path / "together", "cuda")
    np.testing.assert_allclose(alone[0], together[0], rtol=1e-3)


@needs_gpu
def test_an_interrupted_training_goes_on(facts, data, tmp_path, monkeypatch):
    whole = losses(facts[:1], data, tmp_path / "whole", "cuda")
    original = Lockstep.advance

    def step(self):
        row = original(self)
        if self.step == 33:
            import os
            import signal

            os.kill(os.getpid(), signal.SIGTERM)
        return row

    monkeypatch.setattr(Lockstep, "advance", step)
    with pytest.raises(Interrupted):
        losses(facts[:1], data, tmp_path / "parts", "cuda")
    monkeypatch.undo()
    np.testing.assert_allclose(losses(facts[:1], data, tmp_path / "parts", "cuda"), whole, rtol=1e-3)


def test_put_back_restores_old_tensors_and_clears_new_ones():
    """The part of the capture that needs no GPU."""
    old, new = torch.ones(3), torch.ones(2)
    before = {old.data_ptr(): old.clone()}
    old += 5
    put_back([old, new], before)
    assert old.tolist() == [1, 1, 1]
    assert new.tolist() == [0, 0]
