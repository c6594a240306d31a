"""Aggregates and drawings of Figs 3, 4 and fig_circuits, on a study of hand-built runs."""

from __future__ import annotations

import colorsys
import json
from pathlib import Path

import matplotlib.pyplot as plt
import pandas as pd
import pyarrow as pa
import pyarrow.compute
import pytest
from matplotlib.patches import Rectangle
from mechanisms import hand_built_run
from safetensors.torch import save_file

from initscale.config.load import load_config
from initscale.errors import ConfigError, InputError
from initscale.experiment.grid import study_points
from initscale.experiment.paths import Layout
from initscale.figures.fig3 import drawing as draw_fig3
from initscale.figures.fig3 import table as fig3
from initscale.figures.fig4 import drawing as draw_fig4
from initscale.figures.fig4 import table as fig4
from initscale.figures.fig_circuits import drawing as draw_circuits
from initscale.figures.fig_circuits import table as fig_circuits
from initscale.figures.reading.all_runs import nullable_table, run_phases
from initscale.figures.reading.displayed import full_point, shown_point
from initscale.files.storage import file_hash, read_json, write_json, write_table
from initscale.files.tables import Column
from initscale.probes import load_probe
from initscale.probes.run import open_run
from initscale.stages.probe import probe_run

PROBES = ("flow", "parallel", "circuits")
KINDS = {0.3: "memorizing", 0.8: "composing"}


@pytest.fixture(scope="module")
def config(tmp_path_factory) -> dict:
    """Smoke with five tokens, two gammas and two rates: memorizing at gamma 0.3, composing at 0.8."""
    overrides = {
        "datasets": {"anchor": {"length": 5, "split_modulus": 7}},
        "studies": {"phase": {"more": []}},
        "figures": {"fig10": {"depths": [2]}, "fig11": {"depths": [2]}},
    }
    config = load_config({"scale": "smoke", "results": str(tmp_path_factory.mktemp("study")), **overrides})
    layout, data = Layout(config), config["datasets"]["anchor"]
    made = {}
    for point in study_points(config["studies"]["phase"]):
        name, folder = KINDS[point["gamma"]], layout.run_folder("phase", point)
        if name not in made:
            run = hand_built_run(name, data, _data(config))
            made[name] = (run, {p: load_probe(p).probe(run, config["probes"][p]) for p in PROBES})
        run, tables = made[name]
        write_run(run, folder)
        for probe, table in tables.items():
            write_table(layout.probe_file("phase", point, probe), table)
    return config


def _data(config) -> Path:
    return Path(Layout(config).data_folder("anchor"))


def write_run(run, folder) -> None:
    write_json(f"{folder}/run.json", {"facts": run.facts})
    save_file({name: weight.contiguous() for name, weight in run.weights.items()}, f"{folder}/weights.safetensors")
    record = {"facts": run.facts, "weights_sha256": file_hash(f"{folder}/weights.safetensors")}
    write_json(f"{folder}/run.json", record)


class TestShown:
    def test_recipe_fills_what_is_left_out(self, config):
        point = shown_point(config, "phase", {"gamma": 0.3, "depth": 2})
        assert point == {"gamma": 0.3, "depth": 2, "lr": 2e-3, "seed": 0}
        assert full_point(config, "phase", point)["weight_decay"] == 0.01

    def test_other_rate(self, config):
        assert shown_point(config, "phase", {"gamma": 0.8, "depth": 2, "lr": 1e-3})["lr"] == 1e-3

    def test_unknown_run_is_named(self, config):
        with pytest.raises(ConfigError, match=r"gamma 0.8, depth 4.*depth \[2\]"):
            shown_point(config, "phase", {"gamma": 0.8, "depth": 4})

    def test_phases_are_those_of_the_answers(self, config):
        found = run_phases(config, "phase")
        assert {(axes[0], phase) for axes, phase in found.items()} == {(0.3, "symmetric"), (0.8, "inferential")}

    def test_kinds_of_rows_share_a_table(self):
        columns = (Column("a", "int64", "", ""), Column("b", "string", "", ""), Column("c", "bool", "", ""))
        frames = [pd.DataFrame({"a": [1], "c": [True]}), pd.DataFrame({"b": ["x"]})]
        found = nullable_table(columns, frames, "words").to_pylist()
        assert found == [{"a": 1, "b": None, "c": True}, {"a": None, "b": "x", "c": None}]


@pytest.fixture(scope="module")
def tables(config) -> dict:
    return {name: module.table(config) for name, module in _MODULES.items()}


_MODULES = {"fig3": fig3, "fig4": fig4, "fig_circuits": fig_circuits}


def scores(table, name: str, column: str = "score") -> dict[float, set[float]]:
    """gamma -> values of a score over the study's runs."""
    rows = table.to_pandas()
    rows = rows[rows[column] == name]
    return {gamma: set(part["value"].round(2)) for gamma, part in rows.groupby("gamma")}


def test_every_run_has_its_scores(tables):
    assert scores(tables["fig3"], "symmetric_route") == {0.3: {1.0}, 0.8: {0.0}}
    assert scores(tables["fig3"], "inferential_route") == {0.3: {0.0}, 0.8: {1.0}}
    assert scores(tables["fig3"], "symmetric_accuracy") == {0.3: {1.0}, 0.8: {0.0}}
    single = scores(tables["fig4"], "single_score", "kind")
    assert {gamma: max(values) for gamma, values in single.items()} == pytest.approx({0.3: 0, 0.8: 1}, abs=0.05)
    assert scores(tables["fig4"], "inferential_accuracy", "kind") == {0.3: {0.0}, 0.8: {1.0}}
    assert scores(tables["fig4"], "outputs_of_unseen", "kind") == {0.3: {1.0}, 0.8: {1.0}}
    cosines = tables["fig4"].to_pandas()
    cosines = cosines[(cosines["kind"] == "fused") & (cosines["gamma"] == 0.3)].groupby("panel")["value"].mean()
    levels = scores(tables["fig4"], "fused_level", "kind")
    assert round(cosines["symmetric"], 2) in levels[0.3]
    losses = scores(tables["fig_circuits"], "inferential_circuit_loss")
    assert max(losses[0.8]) > 0.8
    rows = tables["fig3"].to_pandas()
    assert (rows[rows["score"] == "inferential_route"].groupby("lr").size() == 2).all()


def test_shown_runs_are_the_configured_ones(tables):
    for name in ("fig3", "fig4"):
        shown = tables[name].to_pandas().dropna(subset="panel")
        assert shown.groupby("panel")["gamma"].unique().map(list).to_dict() == {
            "inferential": [0.8],
            "symmetric": [0.3],
        }
        assert (shown["lr"] == 2e-3).all()
    rows = tables["fig_circuits"].to_pandas()
    assert rows.groupby("gamma")["answers"].unique().map(list).to_dict() == {0.3: ["symmetric"], 0.8: ["inferential"]}


def test_tsne_is_repeatable_and_has_every_pair(config, tables):
    points = tables["fig3"].to_pandas().query("kind == 'tsne'")
    assert len(points.groupby(["anchor_1", "anchor_2"])) == 16
    assert (points["n"] == len(points)).all()
    again = fig3.table(config).to_pandas().query("kind == 'tsne'")
    pd.testing.assert_frame_equal(points, again)


def test_fig3_draws_attention_as_line_width(config, tables):
    (figure,) = draw_fig3.draw(tables["fig3"], config["figures"]["fig3"]).values()
    composing, projection = figure.axes[2], figure.axes[1]
    wide = {
        (tuple(line.get_xdata()), tuple(line.get_ydata()))
        for line in composing.lines
        if line.get_linewidth() > 0.45 * draw_fig3._WIDEST and line.get_xdata()[0] != line.get_xdata()[1]
    }
    assert wide == {((1, 2), (0, 1)), ((1, 3), (0, 1)), ((2, 4), (1, 2)), ((3, 4), (1, 2))}
    words = " ".join(text.get_text() for axis in figure.axes for text in axis.texts)
    assert "routes: symmetric 1.00, inferential 0.00" in words
    assert "answers: symmetric 0.00, inferential 1.00" in words
    assert "perplexity 10" in figure.texts[-1].get_text().replace("\n", " ")
    assert len(projection.collections[0].get_offsets()) == (tables["fig3"].to_pandas()["kind"] == "tsne").sum()


def test_mirrored_pairs_share_a_hue(tables):
    colours = draw_fig3.pair_colours(tables["fig3"].to_pandas().query("kind == 'tsne'"))
    assert len(colours) == 16
    assert len(set(colours.values())) == 16
    for (a, b), colour in colours.items():
        hue, _, saturation = colorsys.rgb_to_hls(*colour)
        if a == b:
            assert saturation < 0.05
        else:
            assert hue == pytest.approx(colorsys.rgb_to_hls(*colours[b, a])[0], abs=0.03)


def test_fig4_boxes_are_the_equal_targets(config, tables):
    (figure,) = draw_fig4.draw(tables["fig4"], config["figures"]["fig4"]).values()
    panels = [axis for axis in figure.axes if axis.images]
    assert len(panels) == 6
    boxes = {(round(p.get_y() + 0.46), round(p.get_x() + 0.46)) for p in panels[0].patches if isinstance(p, Rectangle)}
    assert boxes == {(i + 6, i) for i in range(5)} | {(i, i + 3) for i in range(8)}
    (value,) = scores(tables["fig4"], "single_score", "kind")[0.8]
    assert any(f"parallelism {value:+.2f}" in text.get_text() for text in panels[2].texts)


def test_fig_circuits_bars_are_means(config, tables):
    (figure,) = draw_circuits.draw(tables["fig_circuits"], config["figures"]["fig_circuits"]).values()
    for axis, heights in zip(figure.axes, ([1, 0, 1], [0, 1, None]), strict=True):
        bars = [container.patches[0].get_height() for container in axis.containers]
        assert all(wanted is None or bar == wanted for bar, wanted in zip(bars, heights, strict=True))
        assert any("n = 2" in text.get_text() for text in axis.texts)


def test_fig_circuits_says_that_a_phase_has_no_run(config, tables):
    table = tables["fig_circuits"]
    others = table.filter(pyarrow.compute.equal(table["answers"], "inferential"))
    (figure,) = draw_circuits.draw(others, config["figures"]["fig_circuits"]).values()
    assert "no run" in [text.get_text() for text in figure.axes[0].texts]
    nobody = table.set_column(0, "answers", pa.nulls(len(table), pa.string()))
    draw_circuits.draw(nobody, config["figures"]["fig_circuits"])


class TestForeignWeights:
    def probe(self, config, folder, tmp_path):
        facts = read_json(folder / "run.json")["facts"]
        probes, record = {"flow": config["probes"]["flow"]}, tmp_path / "probes" / "measured.json"
        probe_run(folder, _data(config), probes, facts, record, str(tmp_path))

    def test_each_fault_gives_one_message(self, config, tmp_path):
        layout = Layout(config)
        point = shown_point(config, "phase", {"gamma": 0.3, "depth": 2})
        run = open_run(layout.run_folder("phase", point), _data(config))
        write_run(run, tmp_path / "run")
        weights, record = tmp_path / "run" / "weights.safetensors", tmp_path / "run" / "run.json"
        self.probe(config, tmp_path / "run", tmp_path)

        other = shown_point(config, "phase", {"gamma": 0.8, "depth": 2})
        kept = weights.read_bytes()
        weights.write_bytes(Path(layout.run_folder("phase", other), "weights.safetensors").read_bytes())
        with pytest.raises(InputError, match=r"weights.safetensors: is not the file of this run .*Hint: delete"):
            self.probe(config, tmp_path / "run", tmp_path)

        weights.write_bytes(kept[:-9])
        facts = json.loads(record.read_text())
        write_json(record, facts | {"weights_sha256": file_hash(weights)})
        with pytest.raises(InputError, match=r"weights.safetensors: is damaged"):
            self.probe(config, tmp_path / "run", tmp_path)

        weights.write_bytes(kept)
        facts["facts"]["model"]["d_ff"] += 1
        write_json(record, facts)
        with pytest.raises(InputError, match=r"has layers.0.ffn.down.weight of shape"):
            self.probe(config, tmp_path / "run", tmp_path)

        weights.unlink()
        with pytest.raises(InputError, match=r"weights.safetensors: does not exist"):
            self.probe(config, tmp_path / "run", tmp_path)


def test_a_missing_probe_table_is_named(config, tmp_path):
    moved = {**config, "results": str(tmp_path)}
    with pytest.raises(InputError, match=r"gamma~0.30_depth~2_lr~1.00e-03_seed~0/circuits.parquet: does not exist"):
        fig_circuits.table(moved)


@pytest.fixture(autouse=True)
def close_figures():
    yield
    plt.close("all")
