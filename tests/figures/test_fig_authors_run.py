"""The replay of the authors' run: the log as data, the table and the drawing from made-up histories."""

from __future__ import annotations

import csv
import json
from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import pytest

from initscale.experiment.grid import run_facts, study_points
from initscale.experiment.paths import Layout
from initscale.figures import stems
from initscale.figures.fig_authors_run import drawing as drawing
from initscale.figures.fig_authors_run import table as aggregate
from initscale.figures.fig_authors_run.table import PUBLISHED, epoch_losses, is_published, read_log
from initscale.files.storage import write_table
from initscale.files.tables import Column, make_table
from initscale.stages.figure import draw as draw_stage

SHARED = Path(__file__).resolve().parents[3] / "shared" / "data" / "authors-log" / "gamma0.8.csv"
GROUPS = ("4_3_inferential_train_keys", "4_3_symmetric_train_keys", "3_4_test_keys", "1_2_test_keys", "2_2_test_keys")
OTHER_NAMES = ("train", "exception_3_4")
PER_EPOCH = 10
EPOCHS = {"authors_run": 12, "authors_run_g05": 8, "authors_run_fp32": 3, "authors_run_seed2": 9}


@pytest.fixture
def config(smoke, tmp_path) -> dict:
    """Four studies with the published settings, and histories that follow the log with a growing error."""
    config = smoke | {"results": str(tmp_path)}
    training = PUBLISHED["training"] | {"precision": "bf16"}
    seeds = {"authors_run": 1, "authors_run_seed2": 2}
    config["datasets"] = {name: PUBLISHED["dataset"] | {"seed": seed} for name, seed in seeds.items()}
    config["models"] = {"authors_run": PUBLISHED["model"] | {"init": PUBLISHED["init"] | {"gamma": 0.8}}}
    config["training"] = {"authors_run": training, "authors_run_fp32": training | {"precision": "fp32"}}
    config["studies"] = {study: study_section(study) for study in EPOCHS}
    options = {"studies": list(EPOCHS), "unseen": [4, 3], "exception": [3, 4]}
    config["figures"] = {"style": smoke["figures"]["style"], "fig_authors_run": options}
    for study in EPOCHS:
        (point,) = study_points(config["studies"][study])
        write_table(Path(Layout(config).run_folder(study, point)) / "history.parquet", made_up_history(study))
    return config


def study_section(study: str) -> dict:
    other_seed, other_gamma, other_precision = (study.endswith(end) for end in ("seed2", "g05", "fp32"))
    return {
        "dataset": "authors_run_seed2" if other_seed else "authors_run",
        "model": "authors_run",
        "training": "authors_run_fp32" if other_precision else "authors_run",
        "grid": {"gamma": [0.5 if other_gamma else 0.8], "depth": [2], "seed": [2 if other_seed else 1]},
    }


def made_up_losses(study: str) -> np.ndarray:
    """The log's losses times 1 + 1e-5, 3e-5, 9e-5 and so on; in float32 a hundredth of that; seed 2 is ahead."""
    epochs = EPOCHS[study]
    log = read_log().query("quantity == 'train_loss'")["authors"].to_numpy()
    error = 1e-5 * 3.0 ** np.arange(epochs)
    scale = {"authors_run": 1.0, "authors_run_fp32": 0.01}.get(study)
    return log[2 : 2 + epochs] if scale is None else log[:epochs] * (1 + scale * error)


def made_up_history(study: str):
    epochs = EPOCHS[study]
    rises = np.linspace(0, 1, epochs + 1)
    answer = dict(zip(GROUPS, (rises**2, 1 - rises, rises, rises**0.5, rises**0.5), strict=True))
    if study.endswith("g05"):
        answer[GROUPS[0]], answer[GROUPS[1]] = 0 * rises, rises**2
    answer |= dict.fromkeys(OTHER_NAMES, rises)
    values = {
        "step": PER_EPOCH * np.arange(epochs + 1),
        "epoch": np.arange(epochs + 1.0),
        "loss": np.concatenate([[np.nan], made_up_losses(study)]),
    }
    columns = [Column(name, "int64" if name == "step" else "float64", "", "") for name in values]
    columns += [Column(f"acc_{name}", "float64", "", "") for name in answer]
    return make_table(columns, values | {f"acc_{name}": value for name, value in answer.items()})


@pytest.fixture(autouse=True)
def close_figures():
    yield
    plt.close("all")


def test_log_is_the_one_handed_over():
    if not SHARED.exists():
        pytest.skip("no ../shared/data/authors-log beside this checkout")
    ours = read_log()
    with open(SHARED, encoding="utf-8") as stream:
        source = list(csv.DictReader(stream))
    assert len(ours) == len(source) == 210 + 71 * 32
    for row, (_, mine) in zip(source, ours.iterrows(), strict=True):
        assert (row["quantity"], int(row["epoch"]), float(row["value"])) == (mine.quantity, mine.epoch, mine.authors)
        pair, _, keys = row["group"].partition(" ")
        name = f"{pair} {keys}".replace(",", "_").replace(" ", "_").strip("_")
        assert mine.group.replace("inferential_", "") == name
        assert ("inferential" in mine.group) == (pair == "4,3")


def test_table_has_ours_beside_the_log(config):
    table = aggregate.table(config).to_pandas()
    keys = ["gamma", "seed", "precision", "epoch", "quantity", "group"]
    assert not table.duplicated(keys).any()
    loss = table[table["quantity"] == "train_loss"].set_index(keys[:3]).sort_index()
    for study, (gamma, seed, precision) in {
        "authors_run": (0.8, 1, "bf16"),
        "authors_run_fp32": (0.8, 1, "fp32"),
    }.items():
        run = loss.loc[(gamma, seed, precision)].sort_values("epoch")
        assert np.allclose(run["ours"].astype(float), made_up_losses(study), rtol=1e-12, atol=0)
        assert run["authors"].iloc[0] == 4.7681834
    assert loss.loc[(0.5, 1, "bf16"), "authors"].isna().all(), "there is no log at gamma 0.5"
    assert loss.loc[(0.8, 2, "bf16"), "authors"].isna().all(), "nor of seed 2"
    accuracy = table[(table["quantity"] == "accuracy") & (table["gamma"] == 0.8) & (table["precision"] == "bf16")]
    unseen = accuracy[(accuracy["group"] == GROUPS[0]) & (accuracy["seed"] == 1)].set_index("epoch")
    assert unseen["authors"].dropna().index.tolist() == [0, 3, 6, 9, 12]
    assert unseen["authors"][0] == 0.00345679012
    assert unseen["ours"][12] == 1.0
    assert accuracy[accuracy["group"] == GROUPS[1]]["authors"].isna().all(), "the log has no symmetric answer"
    assert set(table["group"]) == {"", *GROUPS, "train"}, "the second name of the exception is left out"


@pytest.mark.parametrize(
    ("section", "key", "value"),
    [
        ("datasets", "sequences_per_pair", 400),
        ("datasets", "split_modulus", "n-2"),
        ("datasets", "task", "anchor"),
        ("datasets", "seed", 2),
        ("models", "d_model", 64),
        ("training", "batch", 256),
        ("training", "batch_order", None),
    ],
)
def test_other_settings_have_no_log(config, section, key, value):
    """A smaller task, or our own draws: the published numbers are not those of such a run."""
    (point,) = study_points(config["studies"]["authors_run"])
    assert is_published(run_facts(config, "authors_run", point))
    config[section]["authors_run"] = config[section]["authors_run"] | {key: value}
    assert not is_published(run_facts(config, "authors_run", point))
    table = aggregate.table(config).to_pandas()
    assert table[(table["seed"] == 1) & (table["precision"] == "bf16")]["authors"].isna().all()


def test_epoch_loss_is_weighted_by_steps_and_of_complete_epochs():
    history = pd.DataFrame({"step": [0, 4, 10, 15, 20, 25], "epoch": [0, 0.4, 1, 1.5, 2, 2.5]})
    losses = epoch_losses(history.assign(loss=[np.nan, 1.0, 2.0, 3.0, 5.0, 9.0]))
    assert losses["epoch"].tolist() == [0, 1]
    assert losses["ours"].tolist() == [0.4 * 1 + 0.6 * 2, 4.0]


def test_differences_grow_as_made_up(config):
    rows = drawing.relative_differences(aggregate.table(config).to_pandas())
    replay = rows[rows["same_seed"] & (rows["precision"] == "bf16")]
    assert np.allclose(replay["difference"], 1e-5 * 3.0 ** np.arange(12), rtol=1e-6)
    fp32 = rows[rows["same_seed"] & (rows["precision"] == "fp32")]
    assert np.allclose(fp32["difference"], 1e-7 * 3.0 ** np.arange(3), rtol=1e-4)
    other = rows[~rows["same_seed"]]
    assert set(other["seed"]) == {2}
    assert set(rows["gamma"]) == {0.8}, "no log, no difference"


def test_drawing_shows_what_the_table_says(config):
    table = aggregate.table(config).select(drawing.NEEDS)
    figures = drawing.draw(table, config["figures"]["fig_authors_run"])
    assert tuple(figures) == drawing.PICTURES == stems(config, "fig_authors_run")
    axes = figures["fig_authors_run"].axes
    titles = [axis.get_title("left") for axis in axes]
    assert [title for title in titles if "alone" in title] == [
        "$\\gamma$ = 0.5, seed 1\nours alone",
        "$\\gamma$ = 0.8, seed 2\nours alone",
    ]
    (logged,) = (axis for axis, title in zip(axes, titles, strict=True) if "with the log" in title)
    ours, log = (line.get_ydata() for line in logged.lines)
    assert np.allclose(ours, made_up_losses("authors_run"))
    assert np.isclose(log[0], 4.7681834)
    difference = axes[-1]
    assert difference.get_yscale() == "log"
    labels = [text.get_text() for text in difference.get_legend().get_texts()]
    assert labels == [
        "$\\gamma$ = 0.8, seed 1, bfloat16 products",
        "$\\gamma$ = 0.8, seed 1, float32",
        "seed 2 against the log's",
        "bounds claimed",
    ]


def test_drawing_without_any_log_says_so(config):
    config["figures"]["fig_authors_run"]["studies"] = ["authors_run_g05"]
    table = aggregate.table(config).select(drawing.NEEDS)
    figure = drawing.draw(table, config["figures"]["fig_authors_run"])["fig_authors_run"]
    assert "no run here has a published log" in [text.get_text() for text in figure.axes[-1].texts]


def test_stages_write_both_pictures(config):
    write_table(Layout(config).table("fig_authors_run"), aggregate.table(config), {"figure": "fig_authors_run"})
    paths = draw_stage(config, "fig_authors_run")
    assert {Path(path).stem for path in paths} == set(drawing.PICTURES)
    assert all(Path(path).stat().st_size > 10_000 for path in paths if path.endswith("png"))
    caption = json.dumps(aggregate.table(config).schema.metadata[b"caption"].decode())
    assert "Published log: gamma 0.8 seed 1. Ours alone, a prediction: gamma 0.5 seed 1, gamma 0.8 seed 2." in caption
    assert "759,375" in caption
