"""Configurations that must be refused, each with a message that names key, value, source and a way out."""

from __future__ import annotations

import shutil

import pytest
from conftest import REPOSITORY
from refusals import refusals

from initscale.config.load import load_config, parse_override
from initscale.config.schema import whole_schema
from initscale.errors import ConfigError
from initscale.experiment.grid import study_points
from initscale.files.yaml_files import inherit

DATA, MODEL = "datasets.anchor", "models.single_head"
RECIPE, GRID = "training.single_head", "studies.phase.grid"

# override on the command line, words that the message must contain
REFUSED = {
    "unknown scale": (
        "scale=smok",
        ["smok", "known: calibration, laptop,", "did you mean `smoke`?"],
    ),
    "unknown top key": ("studdies=1", ["studdies", "did you mean `studies`?", "the command line"]),
    "unknown inner key": (f"{RECIPE}.wieght_decay=0.1", ["wieght_decay", "did you mean `weight_decay`?", RECIPE]),
    "unknown axis": (f"{GRID}.gama=[0.5]", ["gama", "did you mean `gamma`?"]),
    "wrong type": (f"{RECIPE}.batch=many", [f"{RECIPE}.batch", "'many'", "type integer", "2048 in the paper"]),
    "float for integer": (f"{MODEL}.d_model=64.5", ["64.5", "integer"]),
    "depth 0": (f"{GRID}.depth=[0]", [f"{GRID}.depth.0", "at least 1"]),
    "empty grid": (f"{GRID}.gamma=[]", [f"{GRID}.gamma", "at least 1 item"]),
    "gamma nan": (f"{GRID}.gamma=[.nan]", [f"{GRID}.gamma.0", "nan is not a finite number"]),
    "gamma inf": (f"{GRID}.gamma=[.inf]", ["inf is not a finite number"]),
    "gamma twice": (f"{GRID}.gamma=[0.5, 0.5]", ["no item may be given twice"]),
    "gamma too fine": (f"{GRID}.gamma=[0.505]", ["0.505", "two decimals"]),
    "negative seed": (f"{GRID}.seed=[-1]", ["at least 0"]),
    "batch larger than data": (f"{RECIPE}.batch=100000", ["100000", "larger than the training data (5400 sequences)"]),
    "negative decay": (f"{RECIPE}.weight_decay=-0.1", ["at least 0"]),
    "warm-up too long": (f"{RECIPE}.warmup=61 steps", ["61 steps", "longer than the training (60 steps)"]),
    "no unit": (f"{RECIPE}.duration=60", ["duration", "a number and a unit"]),
    "no test key": (f"{DATA}.split_modulus=50", ["no test key", "position 0", "20..39"]),
    "no training key": (f"{DATA}.values=[20,20]", ["no training key", "position 0"]),
    "values reversed": (f"{DATA}.values=[39,20]", ["increasing range"]),
    "values on anchors": (f"{DATA}.values=[3,39]", ["above the anchor tokens 1..4"]),
    "label below zero": (f"{DATA}.values=[10,39]", ["key 10", "[4, 4]", "-6"]),
    "pair of unknown anchors": (f"{DATA}.unseen=[[4,9]]", ["[4, 9]", "anchors 1..4"]),
    "pair both": (f"{DATA}.unseen=[[3,4]]", ["both an exception and unseen"]),
    "anchor without shift": (f"{DATA}.anchor_shifts=[5]", ["not a pair of the anchors 1..1"]),
    "vocabulary too small": (f"{MODEL}.vocabulary=40", ["vocabulary of 40", "50"]),
    "too few positions": (f"{MODEL}.max_positions=5", ["5 positions", "6 tokens"]),
    "unknown study": ("figures.fig2.study=fase", ["`fase` is not a key of `studies`", "phase"]),
    "unknown dataset": ("studies.phase.dataset=anker", ["`anker` is not a key of `datasets`"]),
    "pair not unseen": ("figures.fig2.unseen=[1,2]", ["[1, 2] is not unseen"]),
    "rate not in grid": (f"{RECIPE}.lr=5.0e-3", ["0.005", "not in the study's grid"]),
    "published data, another seed": (
        "studies.authors_run.grid.seed=[1,2]",
        ["drawn from seed 1", "from 2", "studies.authors_run.grid.seed", "authors_run_seed2"],
    ),
    "published draws, tied": (
        "models.addition={like: gpt2, tied: true, init: {gamma: 0.5, axis: input, embedding: width, draws: published}}",
        ["its own output weight only", "models.addition.init.draws", "`tied: false`"],
    ),
    "norm": (f"{MODEL}.norm=mid", ["'mid'", "['post', 'pre', 'none']"]),
    "test fraction": (f"{DATA}.test_fraction=1", ["less than 1"]),
    "test fraction too small": (f"{DATA}.test_fraction=0.0001", ["leaves a split empty"]),
    "shown run": ("figures.fig3.symmetric.gamma=0.4", ["no run with gamma 0.4", "depth 2", "[0.3, 0.8]", "symmetric"]),
    "shown depth": ("figures.fig_circuits.depth=7", ["7 layers", "depths: [2, 3]"]),
    "figure without its probe": (
        "studies.phase.probes=[flow,circuits]",
        ["the probe `parallel`", "studies.phase.probes"],
    ),
    "probe of a seen pair": ("probes.flow.unseen=[1,2]", ["[1, 2] is not unseen", "probes.flow.unseen"]),
    "no noise behind the anchors": ("probes.flow.position=3", ["position 3", "6 tokens", "largest: 2"]),
    "keys outside the data": ("probes.parallel.keys=[30,40]", ["[30, 40]", "20..39"]),
    "keys reversed": ("probes.parallel.keys=[38,28]", ["[38, 28]", "in order"]),
    "key outside the data": ("probes.flow.key=99", ["99 must lie within the values 20..39", "probes.flow.key"]),
    "anchor of a probe": ("probes.parallel.single_lower=[5,2]", ["5 is not one of the anchors 1..4"]),
    "layer of a probe": ("probes.parallel.layer=3", ["layer 3", "depths: [2, 3]"]),
    "perplexity": ("figures.fig3.tsne.perplexity=200", ["perplexity of 200", "320 sequences"]),
    "fig2c over depths": ("studies.gpt2.grid.depth=[2,3]", ["fig2c shows runs of one depth", "[2, 3]"]),
    "fig2c pair": ("figures.fig2c.unseen=[3,4]", ["[3, 4] is not unseen in `anchor`", "figures.fig2c.unseen"]),
    "fig14 study": ("figures.fig14.study=gpt2", ["fig14 shows runs of one gamma", "[0.3, 0.8]"]),
    "fig14 one decay": ("figures.fig14.beyond=[0.1, 1.0]", ["two values of weight_decay", "[0.01, 0.1, 1.0]"]),
    "fig14 beyond": ("figures.fig14.beyond=[2.0]", ["no run of `lrwd` has weight decay 2", "under `more`"]),
    "fig14 beyond inside": ("figures.fig14.beyond=[0.01]", ["larger than every other", "figures.fig14.beyond"]),
    "fig15 rate": ("figures.fig15.lrs=[3.0e-3]", ["no run with", "lr 3.00e-03", "figures.fig15.lrs"]),
    "fig16 decay": ("figures.fig16.weight_decays=[0.5]", ["weight_decay 0.5", "figures.fig16.weight_decays"]),
    "no symmetric answer": (
        "datasets={anchor: {exceptions: [], unseen: [[3,4],[4,3]]}}",
        ["[4, 3] has no symmetric answer in `anchor`", "figures.fig2.unseen"],
    ),
    "study without the symmetric answer": ("figures.fig2.study=lrwd", ["no symmetric answer in `both_unseen`"]),
    "study without pairs": ("figures.fig_curves.study=scan", ["a study of the task `scan`", "no unseen pairs"]),
    "curves pair": (
        "figures.fig_curves.unseen=[1,2]",
        ["[1, 2] is not unseen in `anchor`", "figures.fig_curves.unseen"],
    ),
    "fig2 over decays": ("studies.phase.grid.weight_decay=[0.1,0.2]", ["fig2 shows runs of one weight_decay"]),
    "colour map": ("figures.style.accuracy_map=virridis", ["figures.style.accuracy_map", "did you mean `viridis`?"]),
    "scores without their figure": ("figures.fig3=null", ["figures.fig3", "fig_scores reads its scores", "both"]),
    "size below the special rows": (
        "studies.cogs.grid.size=[3, 25]",
        ["3 is less than the", "special rows of `cogs`", "studies.cogs.grid.size"],
    ),
    "part of two domains": ("studies.text_code_prose.grid.size=[100]", ["first domain, code, alone"]),
    "probe of another task": (
        "studies.scan.probes=[flow]",
        ["the probe `flow` needs anchor pairs", "the task `scan`", "studies.scan.probes", "condensation"],
    ),
    "embedding of another task": ("studies.scan.probes=[embedding]", ["`embedding` needs item values", "task `scan`"]),
    "figure like none": (
        "figures={mine: {like: fig22, study: phase}}",
        ["`fig22` does not exist", "mine.like"],
    ),
    "option of a like figure": ("figures={mine: {like: fig2, shade: 1}}", ["unknown key `shade`", "`shade_below`"]),
    "like figure of a missing run": (
        "figures={mine: {like: fig10, depths: [5]}}",
        ["no run with", "depth 5", "figures.mine.depths"],
    ),
    "bad name": ("studies.Phase=1", ["Phase", "lower-case"]),
}


@pytest.mark.parametrize("case", REFUSED, ids=REFUSED)
def test_refused_with_a_clear_message(case):
    override, words = REFUSED[case]
    messages = refusals(parse_override(override))
    assert any(all(word in message for word in words) for message in messages), messages
    assert not any("\n" in message for message in messages)


@pytest.mark.parametrize("scale", ["calibration", "laptop", "laptop-long", "paper", "smoke"])
def test_every_scale_is_accepted_and_no_figure_is_left_out(scale):
    assert refusals({"scale": scale}) == []


def test_figures_may_be_left_out_together():
    names = ("fig3", "fig_scores", "fig_circuits", "fig_curves", "fig_measures")
    left_out = dict.fromkeys(names)
    assert not set(left_out) & set(load_config({"scale": "smoke", "figures": left_out})["figures"])


def test_laptop_is_the_default():
    assert load_config()["scale"] == "laptop"


def test_every_key_is_described():
    """Schema and documentation are one file; no key may go without its sentence."""

    def check(node, path):
        if isinstance(node, list):
            for number, child in enumerate(node):
                check(child, f"{path}.{number}")
        if not isinstance(node, dict):
            return
        for name, child in node.get("properties", {}).items():
            described = "description" in child or "$ref" in child or path.endswith(".if")
            assert described, f"{path}.{name} has no description"
        if (
            node.get("type") == "object" and "properties" in node and not path.endswith("$defs.dataset")
        ):  # tasks close it
            assert node.get("additionalProperties") is False, f"{path} lets unknown keys pass"
        for name, child in node.items():
            check(child, f"{path}.{name}")

    check(whole_schema(REPOSITORY / "config" / "schema"), "schema")


@pytest.fixture
def folder(tmp_path):
    shutil.copytree(REPOSITORY / "config", tmp_path / "config")
    return tmp_path / "config"


def test_repeated_key_is_refused(folder):
    with open(folder / "scales" / "smoke.yaml", "a") as stream:
        stream.write("\nevaluation: {every: 5 steps, sequences: 5}\n")
    with pytest.raises(ConfigError, match=r"smoke.yaml, line \d+: the key `evaluation` is given twice"):
        load_config({"scale": "smoke"}, folder / "config.yaml")


def test_broken_yaml_is_refused(folder):
    (folder / "scales" / "smoke.yaml").write_text("models: {single_head: {d_model: 3")
    with pytest.raises(ConfigError, match=r"smoke.yaml: is not valid YAML"):
        load_config({"scale": "smoke"}, folder / "config.yaml")


def test_missing_key_is_named(folder):
    """At the entry that lacks it, not at those that are like it."""
    text = (folder / "scales" / "smoke.yaml").read_text().replace("d_model: 24, ", "")
    (folder / "scales" / "smoke.yaml").write_text(text)
    with pytest.raises(ConfigError, match=r"models.single_head.*`d_model` is missing"):
        load_config({"scale": "smoke"}, folder / "config.yaml")


def test_error_names_the_file_that_set_the_value(folder):
    text = (folder / "scales" / "smoke.yaml").read_text().replace("depth: [2]", "depth: [2, 0]", 1)
    (folder / "scales" / "smoke.yaml").write_text(text)
    with pytest.raises(ConfigError, match=r"studies.phase.grid.depth.1.*smoke.yaml"):
        load_config({"scale": "smoke"}, folder / "config.yaml")


def test_numbers_without_a_dot_are_numbers(folder):
    """PyYAML reads 1e-3 as a string; ours does not."""
    text = (folder / "scales" / "smoke.yaml").read_text().replace("lr: 2.0e-3", "lr: 2e-3")
    (folder / "scales" / "smoke.yaml").write_text(text)
    assert load_config({"scale": "smoke"}, folder / "config.yaml")["training"]["single_head"]["lr"] == 2e-3


def test_command_line_wins_and_merges():
    config = load_config(parse_override("studies.phase.grid.seed=[0, 5]") | {"scale": "smoke"})
    assert config["studies"]["phase"]["grid"]["seed"] == [0, 5]
    assert config["studies"]["phase"]["grid"]["depth"] == [2]


def test_further_grids_add_points_once(smoke):
    points = list(study_points(smoke["studies"]["phase"]))
    assert len(points) == 8
    assert len({tuple(point.values()) for point in points}) == 8
    assert sum(point["depth"] == 3 for point in points) == 2
    assert sum(point["seed"] == 1 for point in points) == 2


class TestLike:
    """Entries that say what they differ from."""

    def test_inherits_over_two_steps_and_merges(self):
        config = load_config({"scale": "calibration"})
        narrow, base = config["studies"]["narrow"], config["studies"]["phase"]
        assert narrow == {**base, "model": "narrow"}
        assert config["models"]["narrow"]["vocabulary"] == config["models"]["single_head"]["vocabulary"]
        assert config["models"]["narrow"]["d_model"] == 64
        twice = {"a": {"x": {"y": 1, "z": 2}}, "b": {"like": "a", "x": {"y": 3}}, "c": {"like": "b", "w": 4}}
        assert inherit(twice, lambda *path: ".".join(path))["c"] == {"x": {"y": 3, "z": 2}, "w": 4}

    @pytest.mark.parametrize(
        ("override", "words"),
        [
            ("studies.other={like: fase}", ["studies.other.like", "`fase` does not exist", "phase", "command line"]),
            ("studies.other={like: other}", ["studies.other.like", "leads back"]),
            ("models.other={like: single_head, d_modell: 3}", ["models.other.d_modell", "did you mean `d_model`?"]),
        ],
    )
    def test_refused(self, override, words):
        with pytest.raises(ConfigError) as caught:
            load_config({"scale": "smoke"} | parse_override(override))
        for word in words:
            assert word in str(caught.value)


def test_scores_of_two_studies_are_not_set_side_by_side():
    more = {"studies": {"more": {"like": "phase"}}, "figures": {"fig_circuits": {"study": "more"}}}
    assert any("runs of `phase`, but fig_circuits" in refusal and "`more`" in refusal for refusal in refusals(more))


def test_a_figure_like_another_has_its_options_and_names_its_folder():
    more = {"mine": {"like": "fig2", "shade_below": 0.5}, "again": {"like": "mine", "keys": "test"}}
    figures = load_config({"scale": "smoke", "figures": more})["figures"]
    assert figures["mine"] == figures["fig2"] | {"like": "fig2", "shade_below": 0.5}
    assert figures["again"] == figures["mine"] | {"keys": "test"}


def test_every_study_has_curves_of_its_own():
    config = load_config({"scale": "smoke"})
    assert {f"curves_{study}" for study in config["studies"]} <= set(config["figures"])
    assert load_config({"scale": "smoke", "figures": config["figures"]})["figures"] == config["figures"]
