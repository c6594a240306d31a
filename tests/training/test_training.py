"""Recipe, optimiser, batches, history, stop rule and the loop, each against a plain reference."""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch
from safetensors.torch import load_file
from torch.nn import functional as F

from initscale.errors import Interrupted, TrainingError
from initscale.experiment.grid import run_facts, study_points
from initscale.files.storage import read_json, read_table
from initscale.models.decoder import Decoder
from initscale.models.initializations.per_tensor import initial_weights
from initscale.models.scale import InitSpec
from initscale.models.spec import ModelSpec
from initscale.stages.generate_data import generate_data
from initscale.training.batch_orders.per_epoch import epoch_order
from initscale.training.batches import Batches
from initscale.training.history import stops_early
from initscale.training.loop import Options, train
from initscale.training.recipe import EarlyStopping, Recipe


@pytest.fixture
def facts(smoke) -> list[dict]:
    """Four runs of one depth that differ in gamma, learning rate and seed."""
    points = [p for p in study_points(smoke["studies"]["phase"]) if p["depth"] == 2]
    chosen = [points[0], points[3], points[5], points[-1]]
    return [run_facts(smoke, "phase", point) for point in chosen]


def with_training(facts: dict, **changes) -> dict:
    return {**facts, "training": {**facts["training"], **changes}}


def run_one(facts: dict, data, folder, **options):
    train([facts], [folder], data, Options(**options))
    return read_table(folder / "history.parquet").to_pandas(), read_json(folder / "run.json")


class TestRecipe:
    def test_steps_of_the_paper(self, smoke):
        from initscale.config.load import load_config

        paper = load_config({"scale": "paper"})
        facts = run_facts(paper, "phase", next(study_points(paper["studies"]["phase"])))
        recipe = Recipe.from_facts(facts, 759_375)
        assert (recipe.steps_per_epoch, recipe.steps, recipe.warmup) == (370, 77_700, 3_700)

    def test_learning_rates_against_pytorch_schedulers(self, facts):
        recipe = Recipe.from_facts(facts[0], 5400)
        peak = 2e-3
        parameter = torch.nn.Parameter(torch.zeros(1))
        optimizer = torch.optim.SGD([parameter], lr=peak)
        rise = torch.optim.lr_scheduler.LinearLR(optimizer, recipe.lr_start / peak, 1.0, recipe.warmup)
        fall = torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, recipe.steps - recipe.warmup, recipe.lr_end)
        both = torch.optim.lr_scheduler.SequentialLR(optimizer, [rise, fall], [recipe.warmup])
        wanted = []
        for _ in range(recipe.steps):
            wanted.append(optimizer.param_groups[0]["lr"])
            optimizer.step()
            both.step()
        np.testing.assert_allclose(recipe.learning_rates(peak), wanted, rtol=1e-6)

    def test_no_warmup(self, facts):
        recipe = Recipe.from_facts(with_training(facts[0], warmup="0 steps"), 5400)
        assert recipe.learning_rates(0.1)[0] == pytest.approx(0.1)


def minimal(seed: int) -> dict:
    """Facts that the default order of batches looks at."""
    return {"seed": seed, "dataset": {"task": "anchor"}, "model": {"init": {}}, "training": {}}


class TestBatches:
    def test_an_epoch_visits_every_row_once(self):
        batches = Batches([minimal(0), minimal(7)], rows=103, batch=10, device=torch.device("cpu"))
        seen = torch.cat([batches.indices(step) for step in range(10)], 1)
        for run in range(2):
            assert len(set(seen[run].tolist())) == 100
        assert not torch.equal(seen[0], seen[1])
        assert not torch.equal(batches.indices(0), batches.indices(10))

    def test_any_step_can_be_asked_for_first(self):
        fresh = Batches([minimal(3)], rows=50, batch=7, device=torch.device("cpu")).indices(23)
        epoch, position = divmod(23, 7)
        assert torch.equal(fresh[0], epoch_order(minimal(3), epoch, 50)[position * 7 : position * 7 + 7])


def reference_training(facts: dict, data, steps: int) -> tuple[dict, list[float]]:
    """The same training in plain PyTorch: nn.Module, full sequences, torch's AdamW and clipping."""
    spec = ModelSpec.from_config(facts["model"])
    model = Decoder.with_weights(
        spec, initial_weights(spec, InitSpec.from_config(facts["model"]["init"]), facts["seed"])
    )
    model.double().requires_grad_(True)
    for module in model.modules():
        if isinstance(module, torch.nn.LayerNorm) and spec.frozen_norm:
            module.requires_grad_(False)
    t = facts["training"]
    recipe = Recipe.from_facts(facts, len(data.labels_N))
    optimizer = torch.optim.AdamW(
        model.parameters(), betas=tuple(t["betas"]), eps=t["eps"], weight_decay=t["weight_decay"]
    )
    losses = []
    for step in range(steps):
        rows = epoch_order(facts, step // recipe.steps_per_epoch, len(data.labels_N))
        rows = rows[(step % recipe.steps_per_epoch) * t["batch"] :][: t["batch"]]
        optimizer.param_groups[0]["lr"] = recipe.learning_rates(t["lr"])[step]
        loss = F.cross_entropy(model(data.tokens_Nn[rows])[:, -1], data.labels_N[rows])
        optimizer.zero_grad()
        loss.backward()
        torch.nn.utils.clip_grad_norm_(model.parameters(), t["clip"])
        optimizer.step()
        losses.append(loss.item())
    return model.state_dict(), losses


def test_training_equals_plain_pytorch(facts, data, tmp_path):
    """60 steps of a bundle of four runs in float64, weight by weight."""

    facts = [with_training(f, precision="fp64", weight_decay=0.1 * (i + 1), clip=0.5) for i, f in enumerate(facts)]
    folders = [tmp_path / f"run{i}" for i in range(4)]
    train(facts, folders, data, Options())
    for run, folder in zip(facts, folders, strict=True):
        wanted, losses = reference_training(run, data, 60)
        found = load_file(folder / "weights.safetensors")
        assert set(found) == set(wanted)
        for name, value in wanted.items():
            assert (found[name] - value).norm() <= 1e-7 * value.norm() + 1e-12, name
        history = read_table(folder / "history.parquet").to_pandas()
        np.testing.assert_allclose(history["loss"][1:], np.reshape(losses, (3, 20)).mean(1), rtol=1e-8)


@pytest.mark.parametrize("frozen", [False, True], ids=["trained norms", "frozen norms"])
@pytest.mark.parametrize("study", ["gpt2", "gpt2_pre"])
def test_training_of_gpt2_equals_plain_pytorch(smoke, data, tmp_path, study, frozen):
    """Both norms, and the authors' three deviations together; clipping and decay leave out frozen norms."""
    from safetensors.torch import load_file

    facts = run_facts(smoke, study, next(study_points(smoke["studies"][study])))
    facts = with_training(facts, precision="fp64", weight_decay=0.3, clip=0.5, duration="20 steps")
    if frozen:
        facts["model"] |= {"frozen_norm": True, "init": {**facts["model"]["init"], "axis": "conv1d", "embedding": 0.02}}
    run_one(facts, data, tmp_path / "run")
    found = load_file(tmp_path / "run" / "weights.safetensors")
    wanted, _ = reference_training(facts, data, 20)
    assert set(found) == set(wanted)
    for name, value in wanted.items():
        assert (found[name] - value).norm() <= 1e-7 * value.norm() + 1e-12, name
    norms = {name for name in found if "norm" in name}
    assert {name for name in norms if (found[name] == found[name].round()).all()} == (norms if frozen else set())


def test_history_scores_are_those_of_the_plain_model(facts, data, tmp_path):
    from safetensors.torch import load_file

    facts = facts[0]
    history, record = run_one(facts, data, tmp_path / "run")
    spec = ModelSpec.from_config(facts["model"])
    model = Decoder.with_weights(spec, load_file(tmp_path / "run" / "weights.safetensors"))
    with torch.no_grad():
        for group in data.groups:
            answers = model(group.tokens_Nn)[:, -1].argmax(-1)
            for name, labels in group.labels.items():
                assert history[f"acc_{name}"].iloc[-1] == pytest.approx((answers == labels).double().mean().item())
        items = model.tokens.weight[data.items].double().numpy()
    eigenvalues = np.linalg.eigvalsh(np.cov(items.T, bias=True))[::-1][: len(items)]
    np.testing.assert_allclose(history["embedding_eigenvalues"].iloc[-1], eigenvalues[:20], rtol=1e-4, atol=1e-6)
    assert list(history["step"]) == [0, 20, 40, 60]
    assert math.isnan(history["loss"].iloc[0])
    assert record["final"]["acc_test"] == history["acc_test"].iloc[-1]
    assert record["facts"] == facts
    assert record["stopped_because"] == "end"
    assert record["threads"] == 1
    # the installed package's version; PyPI's CUDA build says less there than in torch.__version__ (+cu130)
    assert record["versions"]["torch"].split("+")[0] == torch.__version__.split("+")[0]


def test_groups_score_what_their_names_say(data, spec):
    by_name = {name: (g.tokens_Nn, labels) for g in data.groups for name, labels in g.labels.items()}
    assert set(by_name) == {
        "train",
        "test",
        "exception_3_4",
        "4_3_symmetric_train_keys",
        "4_3_inferential_train_keys",
        "4_3_symmetric_test_keys",
        "4_3_inferential_test_keys",
    }
    for name, (tokens, labels) in by_name.items():
        for row, label in zip(tokens.tolist(), labels.tolist(), strict=True):
            p = next(i for i, t in enumerate(row) if t < 5) - 1
            key, pair = row[p], (row[p + 1], row[p + 2])
            if "_keys" in name:
                assert pair == (4, 3)
                assert (key % 4 == p) == name.endswith("test_keys")
                assert label == key - (6 if "symmetric" in name else 10)
            if name.startswith("exception"):
                assert pair == (3, 4)
                assert label == key - 6
            if name in ("train", "test"):
                assert pair != (4, 3)
                assert (key % 4 == p) == (name == "test")


def row(loss: float, **accuracies: float) -> dict:
    return {"loss": loss, **{f"acc_{k}": v for k, v in accuracies.items()}}


class TestEarlyStopping:
    RULE = EarlyStopping(loss=0.1, change=0.02, evaluations=3)

    def test_needs_low_loss_and_steady_accuracies(self):
        steady = [row(0.05, a=0.9), row(0.04, a=0.91), row(0.03, a=0.9)]
        assert stops_early(steady, self.RULE)
        assert not stops_early(steady[:2], self.RULE)
        assert not stops_early(steady, None)
        assert not stops_early([row(0.2, a=0.9), *steady[1:]], self.RULE)
        assert not stops_early([row(0.05, a=0.8), *steady[1:]], self.RULE)
        assert not stops_early([row(math.nan, a=0.9), *steady[1:]], self.RULE)

    def test_groups_without_sequences_do_not_count(self):
        assert stops_early([row(0.05, a=0.9, b=math.nan)] * 3, self.RULE)

    def test_a_run_stops_early_and_says_so(self, facts, data, tmp_path):
        rule = {"loss": 100.0, "change": 1.0, "evaluations": 2}
        history, record = run_one(with_training(facts[0], early_stopping=rule), data, tmp_path / "run")
        assert record["stopped_because"] == "early_stopping"
        assert record["steps"] == history["step"].iloc[-1] == 40

    def test_a_run_of_a_bundle_that_stops_early_equals_the_single_run(self, facts, data, tmp_path):
        """Others of the bundle go on; the one that stopped must keep the weights it had then."""
        rule = {"loss": 5.2, "change": 1.0, "evaluations": 2}
        pair = [with_training(facts[i], early_stopping=rule, precision="fp64") for i in (0, 3)]
        train(pair, [tmp_path / "a", tmp_path / "b"], data, Options())
        for run, name in zip(pair, "ab", strict=True):
            alone, record = run_one(run, data, tmp_path / f"alone_{name}")
            together = read_table(tmp_path / name / "history.parquet").to_pandas()
            np.testing.assert_allclose(together["loss"], alone["loss"], rtol=1e-6)
            assert read_json(tmp_path / name / "run.json")["steps"] == record["steps"]
            kept, wanted = (load_file(tmp_path / folder / "weights.safetensors") for folder in (name, f"alone_{name}"))
            for weight in wanted:
                torch.testing.assert_close(kept[weight], wanted[weight], rtol=1e-5, atol=1e-7)
        assert len({read_json(tmp_path / name / "run.json")["steps"] for name in "ab"}) == 2


class TestNonFinite:
    def test_names_run_and_step_and_keeps_the_history(self, facts, data, tmp_path):
        bad = with_training(facts[0], lr=1e30, warmup="25 steps", clip=1e30)
        with pytest.raises(TrainingError, match=r"gamma run.* not finite at step \d+"):
            train([bad], [tmp_path / "gamma run"], data, Options())
        kept = read_table(tmp_path / "gamma run" / "history_failed.parquet").to_pandas()
        assert kept["step"].iloc[0] == 0
        assert not (tmp_path / "gamma run" / "run.json").exists()

    def test_the_others_of_a_bundle_go_on(self, facts, data, tmp_path):
        bad = with_training(facts[0], lr=1e30, warmup="2 steps")
        good = with_training(facts[3], warmup="2 steps")
        for run in (bad, good):
            run["training"]["clip"] = 1e30
        with pytest.raises(TrainingError, match="run_bad"):
            train([bad, good], [tmp_path / "run_bad", tmp_path / "run_good"], data, Options())
        assert read_json(tmp_path / "run_good" / "run.json")["steps"] == 60
        assert np.isfinite(read_table(tmp_path / "run_good" / "history.parquet").to_pandas()["loss"][1:]).all()


class TestResume:
    @pytest.fixture
    def stop_after(self, monkeypatch):
        """Make the loop believe that SIGTERM came after some steps."""

        def arrange(steps: int) -> None:
            from initscale.training.lockstep import Lockstep

            original = Lockstep.advance

            def step(self):
                row = original(self)
                if self.step == steps:
                    import os
                    import signal

                    os.kill(os.getpid(), signal.SIGTERM)
                return row

            monkeypatch.setattr(Lockstep, "advance", step)

        return arrange

    @pytest.mark.parametrize("stop", [1, 20, 33, 59])
    def test_resumed_equals_uninterrupted_to_the_bit(self, facts, data, tmp_path, stop_after, stop, monkeypatch):
        whole, _ = run_one(facts[1], data, tmp_path / "whole")
        stop_after(stop)
        with pytest.raises(Interrupted, match=f"step {stop} of 60"):
            run_one(facts[1], data, tmp_path / "parts")
        assert (tmp_path / "parts" / "checkpoint.safetensors").exists()
        monkeypatch.undo()
        parts, record = run_one(facts[1], data, tmp_path / "parts")
        assert record["attempts"] == 2
        assert not (tmp_path / "parts" / "checkpoint.safetensors").exists()
        assert parts.drop(columns="embedding_eigenvalues").equals(whole.drop(columns="embedding_eigenvalues"))
        names = ("whole", "parts")
        weights = [(tmp_path / name / "weights.safetensors").read_bytes() for name in names]
        assert weights[0] == weights[1]


class TestBundles:
    """Several runs in one job, through the stage."""

    @pytest.fixture
    def train_stage(self, spec, tmp_path):
        from initscale.stages.train import train_runs

        generate_data(spec, tmp_path / "data")
        execution = {"device": "cpu", "threads": 1, "processes": 1, "save_minutes": 5, "stale_resume": "refuse"}
        return lambda facts, folders: train_runs(facts, tmp_path / "data", folders, execution)

    def test_a_bundle_on_a_cpu_equals_single_runs_to_the_bit(self, facts, train_stage, tmp_path):
        train_stage(facts[:2], [tmp_path / "a", tmp_path / "b"])
        train_stage([facts[1]], [tmp_path / "alone"])
        names = ("b", "alone")
        weights = [(tmp_path / name / "weights.safetensors").read_bytes() for name in names]
        assert weights[0] == weights[1]
        assert not list(tmp_path.rglob("checkpoint.*"))

    def test_a_failed_run_costs_the_others_nothing(self, facts, train_stage, tmp_path):
        """The workflow deletes all files of a failed job; the second attempt must not train the good run again."""
        bad = with_training(facts[0], lr=1e30, warmup="2 steps", clip=1e30)
        with pytest.raises(TrainingError, match="run_bad"):
            train_stage([facts[1], bad], [tmp_path / "run_good", tmp_path / "run_bad"])
        before = read_json(tmp_path / "run_good" / "run.json")
        (tmp_path / "run_good" / "run.json").unlink()
        train_stage([facts[1], facts[0]], [tmp_path / "run_good", tmp_path / "run_bad"])
        after = read_json(tmp_path / "run_good" / "run.json")
        assert (after["attempts"], after["steps"]) == (2, before["steps"])
        assert after["weights_sha256"] == before["weights_sha256"]
        assert not list(tmp_path.rglob("checkpoint.*"))
