"""The workflow on the smoke scale: what it makes, and what an edit makes it do again (dry runs)."""

from __future__ import annotations

import os
import time

import pytest

from initscale.experiment.paths import RUN_FILES
from initscale.files.storage import read_json, read_table

FIGURES = (
    "fig1",
    "fig2",
    "fig2_best",
    "fig3",
    "fig4",
    "fig5",
    "fig5_pca",
    "fig8",
    "fig9",
    "fig10",
    "fig11",
    "fig11_pca",
)
FIGURES += (
    "fig12",
    "fig13",
    "fig_circuits",
    "fig_scores",
    "fig_curves",
    "fig2c",
    "fig14",
    "fig15",
    "fig16",
    "fig16_pca",
    "fig6",
    "fig17a",
    "fig7",
    "fig17b",
)
RUNS = 8  # 2 gammas x (2 rates, one more seed, one more depth)


def test_everything_is_made(finished_smoke):
    results = finished_smoke.root / "results" / "smoke"
    for figure in FIGURES:
        assert (results / "figures" / f"{figure}.pdf").read_bytes()[:5] == b"%PDF-"
        assert (results / "figures" / f"{figure}.png").read_bytes()[1:4] == b"PNG"
    folder = results / "runs" / "phase" / "gamma~0.30_depth~2_lr~1.00e-03_seed~0"
    assert {path.name for path in folder.iterdir()} == set(RUN_FILES.values())
    assert len(list((results / "runs" / "phase").iterdir())) == RUNS
    record = read_json(folder / "run.json")
    assert record["data_hash"] == read_json(results / "data" / "anchor" / "seed~0" / "dataset.json")["content_hash"]
    assert not list((finished_smoke.root / "results").rglob("*.part"))


def test_logs_and_benchmarks(finished_smoke):
    results = finished_smoke.root / "results" / "smoke"
    log = results / "logs" / "train" / "phase" / "gamma~0.30_depth~2_lr~1.00e-03_seed~0.log"
    assert "step 0 of 60" in log.read_text()
    assert len(list((results / "benchmarks" / "train" / "phase").glob("*.tsv"))) == RUNS


def test_a_second_run_has_nothing_to_do(finished_smoke):
    done = finished_smoke.snakemake("all_figures")
    assert "Nothing to be done" in done.stdout + done.stderr


def test_touching_every_file_reruns_nothing(edited_smoke):
    later = time.time() + 100
    for path in edited_smoke.root.rglob("*"):
        if path.is_file() and ".snakemake" not in path.parts:
            os.utime(path, (later, later))
    assert edited_smoke.planned("all_figures") == {}


def test_touching_the_sources_only_reruns_nothing(edited_smoke):
    later = time.time() + 100
    for folder in ("lib", "scripts", "workflow", "config"):
        for path in (edited_smoke.root / folder).rglob("*"):
            os.utime(path, (later, later))
    assert edited_smoke.planned("all_figures") == {}


@pytest.mark.parametrize(
    ("path", "old", "new", "expected"),
    [
        ("lib/initscale/figures/fig9/drawing.py", "0.92", "0.90", {"fig9": 1}),
        ("config/config.yaml", "shade_below: 0.9}", "shade_below: 0.8}", {"aggregate_fig2": 1, "fig2": 1}),
        ("lib/initscale/figures/fig9/table.py", "Test keys:", "Keys tested:", {"aggregate_fig9": 1, "fig9": 1}),
    ],
    ids=["colour in the code", "threshold in the config", "table of one figure"],
)
def test_an_edit_of_one_figure_touches_only_that_figure(edited_smoke, path, old, new, expected):
    edited_smoke.edit(path, old, new)
    planned = edited_smoke.planned("all_figures")
    planned.pop("all_figures")
    assert planned == expected


def test_editing_a_colour_of_all_figures_retrains_nothing(edited_smoke):
    edited_smoke.edit("config/config.yaml", "accuracy_map: viridis", "accuracy_map: cividis")
    planned = edited_smoke.planned("all_figures")
    drawings = {f"fig{number}" for number in (1, 2, 3, 4, 5, *range(8, 17))}
    drawings |= {"fig2c", "fig_circuits", "fig_scores", "fig_curves", "fig6", "fig17a", "fig7", "fig17b"}
    assert set(planned) == drawings | {"all_figures"}


def test_a_new_gamma_trains_only_the_new_runs(edited_smoke):
    edited_smoke.edit("config/scales/smoke.yaml", "gamma: [0.3, 0.8]", "gamma: [0.3, 0.5, 0.8]")
    planned = edited_smoke.planned("fig2")
    assert planned == {"train_phase": RUNS // 2, "aggregate_fig2": 1, "fig2": 1}


def test_a_changed_gamma_keeps_the_other_runs(edited_smoke):
    edited_smoke.edit("config/scales/smoke.yaml", "0.8", "0.9")  # in the grid and in the figures that display it
    assert edited_smoke.planned("fig2")["train_phase"] == RUNS // 2


@pytest.mark.parametrize(
    ("path", "old", "new"),
    [
        ("training/last_token_trainer.py", "_PART = 512", "_PART = 256"),
        ("models/engines/stacked.py", "self.spec.d_head**-0.5", "self.spec.d_head**-0.25"),
        ("models/initializations/per_tensor.py", "(2 * uniform - 1)", "(uniform - 0.5)"),
        ("tasks/anchor/tensors.py", ".slice(0, sequences)", ".slice(1, sequences)"),
    ],
)
def test_editing_the_training_code_retrains(edited_smoke, path, old, new):
    edited_smoke.edit(f"lib/initscale/{path}", old, new)
    planned = edited_smoke.planned("fig2")
    assert planned["train_phase"] == RUNS
    assert "generate_anchor" not in planned


def test_editing_the_generator_makes_new_data(edited_smoke):
    edited_smoke.edit("lib/initscale/tasks/anchor/generate.py", "low + stream", "high - stream")
    assert edited_smoke.planned("all_figures")["generate_anchor"] == 2  # both data sets


def test_changing_a_recipe_retrains_and_changing_execution_does_not(edited_smoke):
    weaker = edited_smoke.planned("fig2", "--config", "training={single_head: {weight_decay: 0.02}}")
    assert weaker["train_phase"] == RUNS
    assert edited_smoke.planned("fig2", "--config", "execution={save_minutes: 1}") == {}


def test_one_figure_needs_only_its_own_stages(checkout):
    assert checkout.planned("fig9") == {"generate_anchor": 1, "aggregate_fig9": 1, "fig9": 1}
    by_path = checkout.planned("results/smoke/figures/fig2.pdf")
    assert by_path == {"generate_anchor": 1, "train_phase": RUNS, "aggregate_fig2": 1, "fig2": 1}


@pytest.mark.parametrize(
    ("figure", "rules"),
    [
        ("fig2c", {"generate_anchor": 1, "train_gpt2": 4, "train_gpt2_pre": 4}),
        ("fig14", {"generate_anchor": 1, "train_lrwd": 7}),
        ("fig15", {"generate_anchor": 1, "train_lrwd": 7, "probe_lrwd": 7}),
        ("fig6", {"generate_scan": 1, "generate_cogs": 1, "train_scan": 8, "train_cogs": 8}),
        (
            "fig17a",
            {"generate_addition": 1, "train_addition": 4, "train_addition_gpt2": 4, "train_addition_tuned": 6}
            | {"generate_scan": 1, "train_addition_origin": 2},  # what the tuned runs continue from
        ),
    ],
)
def test_figures_of_other_studies_need_only_these(checkout, figure, rules):
    """One rule with wildcards for all runs of a study, learning rate and weight decay among them."""
    bundled = (
        "gpt2",
        "gpt2_pre",
        "lrwd",
        "scan",
        "cogs",
        "addition",
        "addition_gpt2",
        "addition_origin",
        "addition_tuned",
    )
    alone = ", ".join(f"{study}: {{bundle: 1}}" for study in bundled)
    planned = checkout.planned(figure, "--config", f"studies={{{alone}}}")
    assert planned == rules | {f"aggregate_{figure}": 1, figure: 1}


def test_bundles_make_the_same_runs(finished_smoke, checkout):
    """Several runs in one job, one folder per run as ever, equal to the bit."""
    bundled = ("--config", "studies={phase: {bundle: 3}}")
    planned = checkout.planned("fig2", *bundled)
    assert {rule: count for rule, count in planned.items() if rule.startswith("train")} == {
        f"train_phase_gamma{gamma}_depth{depth}_0": 1 for gamma in ("0.30", "0.80") for depth in (2, 3)
    }
    checkout.snakemake("results/smoke/tables/fig2.parquet", *bundled, check=True)
    tables = [read_table(copy.root / "results/smoke/tables/fig2.parquet") for copy in (finished_smoke, checkout)]
    assert tables[0].equals(tables[1])
    assert len(list((checkout.root / "results" / "smoke" / "runs" / "phase").iterdir())) == RUNS


def test_scales_keep_to_themselves(checkout):
    planned = checkout.snakemake("--summary", "fig9", scale="paper", check=True)
    assert "results/paper/figures/fig9.pdf" in planned.stdout
    assert "results/smoke" not in planned.stdout


def test_a_moved_checkout_is_still_up_to_date(finished_smoke, tmp_path):
    import shutil

    from conftest import Checkout

    shutil.copytree(finished_smoke.root, tmp_path / "elsewhere", symlinks=True)
    assert Checkout(tmp_path / "elsewhere").planned("all_figures") == {}


def test_figures_are_redrawn_from_the_table_alone(edited_smoke):
    """Without runs and data, from tables only, the drawing gives the same picture."""
    import shutil

    results = edited_smoke.root / "results" / "smoke"
    before = (results / "figures" / "fig2.png").read_bytes()
    shutil.rmtree(results / "runs")
    shutil.rmtree(results / "data")
    shutil.rmtree(results / "figures")
    edited_smoke.initscale("figure", "fig2", "--scale", "smoke", check=True)
    assert (results / "figures" / "fig2.png").read_bytes() == before


def test_table_of_fig2_is_what_the_histories_say(finished_smoke):
    """Both versions recomputed here in loops."""
    results = finished_smoke.root / "results" / "smoke"
    table = read_table(results / "tables" / "fig2.parquet").to_pandas()
    assert len(table) == 2 * 2 * 2 * 3  # version, mapping, gamma, (depth, seed)
    for cell in table.itertuples():
        found = []
        for lr in (1e-3, 2e-3) if (cell.depth, cell.seed) == (2, 0) else (2e-3,):
            name = f"gamma~{cell.gamma:.2f}_depth~{cell.depth}_lr~{lr:.2e}_seed~{cell.seed}"
            history = read_table(results / "runs" / "phase" / name / "history.parquet").to_pylist()
            column = f"acc_4_3_{cell.mapping}_train_keys"
            if cell.version == "last" and lr == 2e-3:
                found = [history[-1][column]]
                assert cell.seen_accuracy == history[-1]["acc_test"]
                assert (cell.lr, cell.step) == (lr, 60)
            if cell.version == "best":
                found += [row[column] for row in history]
        assert cell.accuracy == max(found)
        assert cell.embedding_std == pytest.approx(24**-cell.gamma)
