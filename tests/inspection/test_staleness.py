"""What makes a result stale, over finished smoke results: dry runs after an edit, a copy, a damage."""

from __future__ import annotations

import json
import os
import shutil
import time
from pathlib import Path

import pytest
from conftest import Checkout, copy_repository

from initscale.config.load import load_config
from initscale.experiment.grid import start_of, study_points
from initscale.experiment.paths import Layout
from initscale.files.storage import read_json
from initscale.inspection.currency import INPUTS, Currency

RUN = "gamma~0.30_depth~2_lr~1.00e-03_seed~0"
TOY = {
    "__init__.py": '"""A toy."""\n',
    "schema.yaml": "type: object\nproperties: {task: {const: toy}, seed: {type: integer}}\n",
    "definition.py": '"""A toy."""\nTRAINER = "last_token_trainer"\nSPLITS = ("train",)\n',
}


def comment(root: Path, module: str) -> None:
    """A comment, a docstring, a log line and another order of imports: nothing that a number depends on."""
    path = root / "lib" / "initscale" / module
    lines = path.read_text().split("\n")
    first = next(i for i, line in enumerate(lines) if line.startswith("from __future__"))
    lines[first + 1 : first + 1] = ["import json as _unused", "# a remark"]
    path.write_text("\n".join(lines).replace('"""', '"""Reworded. ', 1) + "\n# the end\n")


def move(root: Path) -> None:
    """A module moves; what it defines stays as it is."""
    folder = root / "lib" / "initscale"
    shutil.move(folder / "experiment" / "durations.py", folder / "durations.py")
    for path in root.rglob("*.py"):
        text = path.read_text()
        if "initscale.experiment.durations" in text:
            path.write_text(text.replace("initscale.experiment.durations", "initscale.durations"))


def log_texts(root: Path) -> None:
    """Another wording of log lines, errors and of what a column of the history means."""
    for module, old, new in (
        ("training/loop.py", '"%s; starting afresh"', '"%s; beginning anew"'),
        ("training/record.py", "is not finite at step", "became infinite at step"),
        ("training/module_trainer.py", "is trained on tasks", "can be trained on tasks"),
        ("training/history.py", "passes over the training data so far", "epochs done"),
        ("tasks/anchor/definition.py", "value of the key item x", "the key"),
    ):
        path = root / "lib" / "initscale" / module
        assert old in path.read_text(), module
        path.write_text(path.read_text().replace(old, new))


def new_task(root: Path) -> None:
    for name, text in TOY.items():
        path = root / "lib" / "initscale" / "tasks" / "toy" / name
        path.parent.mkdir(exist_ok=True)
        path.write_text(text)


def new_choices(root: Path) -> None:
    """One more file in every extension point."""
    for folder in (
        "models/initializations",
        "models/builders",
        "training/batch_orders",
        "training/schedules",
        "probes",
    ):
        (root / "lib" / "initscale" / folder / "another.py").write_text('"""Another."""\n\nVALUE = 1\n')


@pytest.mark.parametrize(
    "edit",
    [
        lambda root: comment(root, "training/progress.py"),
        lambda root: comment(root, "provenance/machine.py"),
        lambda root: (comment(root, "workflow/job.py"), comment(root, "errors.py")),
        lambda root: [
            comment(root, module)
            for module in ("training/lockstep.py", "models/engines/stacked.py", "experiment/grid.py")
        ],
        log_texts,
        move,
        new_task,
        new_choices,
    ],
    ids=["progress", "provenance", "job and errors", "training", "log texts", "a moved file", "a task", "choices"],
)
def test_what_no_number_depends_on_makes_nothing_again(edited_smoke, edit):
    edit(edited_smoke.root)
    done = edited_smoke.snakemake("--dry-run", "all_figures", check=True)
    assert "Nothing to be done" in done.stdout + done.stderr


def test_the_formula_of_the_rate_retrains_exactly_the_runs_that_use_it(edited_smoke):
    before = edited_smoke.planned("all_figures", "--forceall")
    edited_smoke.edit("lib/initscale/training/schedules/warmup_cosine.py", "0.5 * (1 + np", "0.49 * (1 + np")
    planned = edited_smoke.planned("all_figures")
    trainings = {rule: count for rule, count in before.items() if rule.startswith("train_")}
    assert {rule: count for rule, count in planned.items() if rule.startswith("train_")} == trainings
    assert not any(rule.startswith("generate") for rule in planned)
    edited_smoke.edit("lib/initscale/training/schedules/warmup_cosine.py", "0.49 * (1 + np", "0.5 * (1 + np")
    edited_smoke.edit(
        "lib/initscale/training/schedules/constant.py", "recipe.warmup, rising, peak", "recipe.warmup, 0, peak"
    )
    assert edited_smoke.planned("all_figures") == {}


def test_the_changed_definition_is_named(edited_smoke):
    edited_smoke.edit("lib/initscale/training/schedules/warmup_cosine.py", "0.5 * (1 + np", "0.49 * (1 + np")
    done = edited_smoke.initscale("explain", "fig4", "--scale", "smoke")
    assert (
        f"stale: the code of run {RUN} changed since: initscale.training.schedules.warmup_cosine:learning_rates"
        in done.stdout
    )
    assert done.returncode == 1


def fresh_clone_with_results(finished: Checkout, target: Path) -> Checkout:
    """What `git clone` and `cp -r` give: no memory of Snakemake, times of the copy."""
    clone = copy_repository(target)
    shutil.copytree(
        finished.root / "results", clone.root / "results", copy_function=shutil.copyfile, dirs_exist_ok=True
    )
    return clone


def test_copied_results_are_current_and_one_byte_makes_one_run_again(finished_smoke, tmp_path):
    clone = fresh_clone_with_results(finished_smoke, tmp_path / "clone")
    done = clone.snakemake("--dry-run", "all_figures", check=True)
    assert "Nothing to be done" in done.stdout + done.stderr
    weights = clone.root / "results" / "smoke" / "runs" / "phase" / RUN / "weights.safetensors"
    content = bytearray(weights.read_bytes())
    content[-1] ^= 1
    weights.write_bytes(content)
    planned = clone.planned("all_figures")
    assert {rule: count for rule, count in planned.items() if rule.startswith(("train", "probe", "generate"))} == {
        "train_phase": 1,
        "probe_phase": 1,
    }
    assert {"fig2", "fig3", "fig5"} <= set(planned)
    assert not {"fig14", "fig2c", "fig6", "fig9"} & set(planned)


def test_results_stay_current_without_snakemakes_memory_and_with_any_times(edited_smoke):
    shutil.rmtree(edited_smoke.root / ".snakemake")
    for number, path in enumerate(sorted(edited_smoke.root.rglob("results/**/*"), reverse=True)):
        os.utime(path, (time.time() + 3600 * (number % 3), time.time() + 3600 * (number % 3)))
    assert edited_smoke.planned("all_figures") == {}
    weaker = edited_smoke.planned("fig2", "--config", "training={single_head: {weight_decay: 0.02}}")
    assert weaker["train_phase"] == 8


class TestRunsOfOtherSettings:
    OTHER = "training={single_head: {weight_decay: 0.02}}"

    def test_are_not_replaced_without_a_yes(self, edited_smoke):
        record = edited_smoke.root / "results" / "smoke" / "runs" / "phase" / RUN / "run.json"
        before = record.read_bytes()
        done = edited_smoke.snakemake("fig2", "--config", self.OTHER)
        assert done.returncode != 0
        text = done.stdout + done.stderr
        assert "8 finished runs of other settings would be replaced" in text
        assert "training.weight_decay was 0.01, now 0.02" in text
        assert "overwrite=yes" in text
        assert "results=" in text
        assert record.read_bytes() == before

    def test_are_listed_by_a_dry_run(self, edited_smoke):
        done = edited_smoke.snakemake("--dry-run", "fig2", "--config", self.OTHER, check=True)
        assert "8 finished runs of other settings would be replaced" in done.stdout + done.stderr
        done = edited_smoke.snakemake("--dry-run", "fig9", "--config", self.OTHER, check=True)
        assert "would be replaced" not in done.stdout + done.stderr

    def test_are_replaced_with_a_yes_or_left_beside_other_results(self, edited_smoke):
        one = f"results/smoke/runs/phase/{RUN}/run.json"
        edited_smoke.snakemake(one, "--config", self.OTHER, "overwrite=yes", check=True)
        assert read_json(edited_smoke.root / one)["facts"]["training"]["weight_decay"] == 0.02
        assert edited_smoke.planned("fig9", "--config", self.OTHER, "results=elsewhere") != {}

    def test_are_not_replaced_by_the_command_line_either(self, edited_smoke):
        select = ("--select", "gamma=0.3", "depth=2", "lr=0.001", "seed=0")
        more = ("--set", "training.single_head.weight_decay=0.02")
        done = edited_smoke.initscale("train", "phase", "--scale", "smoke", *select, *more)
        assert done.returncode == 4
        assert "1 finished run of other settings would be replaced" in done.stderr
        done = edited_smoke.initscale("train", "phase", "--scale", "smoke", *select, check=True)
        assert "(finished before)" in done.stdout

    @pytest.mark.parametrize("command", ["aggregate fig2", "probe phase"])
    def test_are_neither_drawn_nor_measured(self, edited_smoke, command):
        more = ("--set", "training.single_head.weight_decay=0.02")
        done = edited_smoke.initscale(*command.split(), "--scale", "smoke", *more)
        assert done.returncode == 3
        assert "was made with other settings" in done.stderr
        assert "Traceback" not in done.stderr


class TestAdopt:
    def test_takes_what_fits_and_names_what_does_not(self, finished_smoke, tmp_path):
        clone = copy_repository(tmp_path / "clone")
        shutil.copytree(finished_smoke.root / "results", tmp_path / "brought")
        runs = tmp_path / "brought" / "smoke" / "runs" / "phase"
        damaged, other = (runs / name for name in (RUN, RUN.replace("seed~0", "seed~0").replace("0.30", "0.80")))
        (damaged / "weights.safetensors").write_bytes(b"cut")
        record = json.loads((other / "run.json").read_text())
        (other / "run.json").write_text(json.dumps(record | {"facts_hash": "another"}))
        done = clone.initscale("adopt", str(tmp_path / "brought"), "--scale", "smoke", check=True)
        refused = [line for line in done.stdout.splitlines() if line.startswith("refused")]
        assert any(RUN in line and "weights.safetensors is not the file" in line for line in refused)
        assert any(other.name in line for line in refused)
        planned = clone.planned("all_figures")
        assert {rule: n for rule, n in planned.items() if rule.startswith(("train", "probe", "generate"))} == {
            "train_phase": 2,
            "probe_phase": 2,
        }
        again = clone.initscale("adopt", str(tmp_path / "brought"), "--scale", "smoke")
        assert " 0 taken over" in f" {again.stdout.splitlines()[-1]}"

    def test_of_nothing_is_refused(self, checkout, tmp_path):
        done = checkout.initscale("adopt", str(tmp_path), "--scale", "smoke")
        assert done.returncode == 3
        assert "holds no results of the scale `smoke`" in done.stderr


class TestArchive:
    """Records, histories and measurements without weights: what is committed of long runs."""

    def test_figures_are_made_from_it_and_nothing_trains(self, finished_smoke, checkout, tmp_path):
        done = finished_smoke.initscale("archive", str(tmp_path / "kept"), "--scale", "smoke", check=True)
        assert ", 0 refused" in done.stdout
        heavy = [*(tmp_path / "kept").rglob("*.safetensors"), *(tmp_path / "kept" / "data").rglob("*.parquet")]
        assert heavy == []
        checkout.initscale("adopt", str(tmp_path / "kept"), "--scale", "smoke", check=True)
        names = ("fig2", "fig4", "fig12")
        assert checkout.planned(*names) == {f"{stage}{name}": 1 for name in names for stage in ("", "aggregate_")}
        checkout.snakemake("fig4", check=True)
        assert checkout.planned("fig4") == {}
        made, before = (copy.root / "results" / "smoke" / "tables" for copy in (checkout, finished_smoke))
        parts = {path.name: path.read_bytes() for path in (made / "fig4").iterdir()}
        assert parts == {path.name: path.read_bytes() for path in (before / "fig4").iterdir()}
        assert len(parts) == 3

    def test_a_further_run_trains_alone(self, finished_smoke, checkout, tmp_path):
        """It needs the data, which are made for it and not for those that are finished."""
        finished_smoke.initscale("archive", str(tmp_path / "kept"), "--scale", "smoke", check=True)
        shutil.rmtree(tmp_path / "kept" / "runs" / "phase" / RUN)
        shutil.rmtree(tmp_path / "kept" / "probes" / "phase" / RUN)
        checkout.initscale("adopt", str(tmp_path / "kept"), "--scale", "smoke", check=True)
        planned = checkout.planned("fig4")
        assert {rule: planned[rule] for rule in ("generate_anchor", "train_phase", "probe_phase")} == {
            "generate_anchor": 1,
            "train_phase": 1,
            "probe_phase": 1,
        }

    def test_one_study(self, finished_smoke, tmp_path):
        options = ("--scale", "smoke", "--studies", "scan")
        finished_smoke.initscale("archive", str(tmp_path / "kept"), *options, check=True)
        assert {path.name for path in (tmp_path / "kept" / "runs").iterdir()} == {"scan"}
        wrong = finished_smoke.initscale("archive", str(tmp_path / "kept"), "--scale", "smoke", "--studies", "scam")
        assert wrong.returncode != 0
        assert "scan" in wrong.stderr


def test_deleted_weights_are_made_again_only_when_something_needs_them(edited_smoke):
    folder = edited_smoke.root / "results" / "smoke"
    for path in [*(folder / "runs").rglob("*.safetensors"), *(folder / "data").rglob("*.parquet")]:
        path.unlink()
    assert edited_smoke.planned("fig2", "fig4") == {}
    shutil.rmtree(folder / "probes" / "phase" / RUN)
    planned = edited_smoke.planned("fig4")
    assert planned["train_phase"] == planned["probe_phase"] == 1


def test_a_run_is_made_of_the_weights_that_it_starts_from(edited_smoke):
    config = load_config({"scale": "smoke", "results": str(edited_smoke.root / "results")})
    point = next(study_points(config["studies"]["addition_tuned"]))
    assert Currency(config).run("addition_tuned", point).is_current
    source, seed_point = start_of(config, config["studies"]["addition_tuned"], point)
    record = Path(Layout(config).run_folder(source, seed_point)) / "run.json"
    record.write_text(json.dumps(read_json(record) | {"weights_sha256": "another"}))
    assert Currency(config).run("addition_tuned", point).kind == INPUTS


def test_a_damaged_record_makes_its_run_again_and_stops_nothing(edited_smoke):
    record = edited_smoke.root / "results" / "smoke" / "runs" / "phase" / RUN / "run.json"
    for content in ("{}", "[1, 2]", "no json", '{"facts_hash": 3}'):
        record.write_text(content)
        assert edited_smoke.planned("fig2", "--config", "overwrite=yes")["train_phase"] == 1, content
