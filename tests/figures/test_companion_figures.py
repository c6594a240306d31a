"""Tables and drawings of control, chain and modular: probes with known answers, made-up runs with known courses."""

from __future__ import annotations

import importlib
from dataclasses import replace

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
import torch
from companion_runs import small_run

from initscale.claims.companions import load_companion_claims
from initscale.claims.evidence import Evidence
from initscale.claims.verdicts import judge
from initscale.config.load import load_config
from initscale.experiment.grid import run_facts, studies_of, study_points
from initscale.experiment.paths import Layout
from initscale.figures import declared
from initscale.figures.fig_modular.table import milestones
from initscale.files.parts import split
from initscale.files.storage import write_table
from initscale.models.initializations import initial_weights_of
from initscale.models.spec import ModelSpec
from initscale.probes.circuits.measure import answers
from initscale.probes.commutativity import measure as commutativity
from initscale.probes.matching import measure as matching
from initscale.probes.rows import as_table, score
from initscale.probes.run import FinishedRun
from initscale.probes.sequences import read_sequences

STEPS = [0, 20, 40]


@pytest.fixture(autouse=True)
def close_figures():
    yield
    plt.close("all")


@pytest.fixture
def config(tmp_path) -> dict:
    return load_config({"scale": "smoke", "results": str(tmp_path / "results")})


def drawn(config: dict, figure: str, table: pa.Table):
    module = importlib.import_module(f"initscale.figures.{figure}.drawing")
    options = config["figures"][figure] | config["figures"]["style"]
    (picture,) = module.draw(table.select(list(module.NEEDS)), options).values()
    return picture


def write_histories(config: dict, figure: str, course) -> None:
    """``course(point, study)``: column -> values at STEPS."""
    for study in studies_of(config["figures"][figure]):
        for point in study_points(config["studies"][study]):
            path = f"{Layout(config).run_folder(study, point)}/history.parquet"
            write_table(path, pa.table({"step": STEPS} | course(point, study)))


def judged(table: pa.Table, figure: str) -> dict:
    """Every claim on the figure, judged without gates; a column or name that the table lacks raises."""
    assert len(split(table, declared(figure, "TABLES"))) == 2  # each kind of row in a file of its own
    claims = load_companion_claims()
    mine = [replace(claim, needs=(), minimal_n=2) for claim in claims.claims if claim.table == figure]
    assert mine
    return {claim.name: judge(claim, claims, Evidence(table.to_pandas(), {})) for claim in mine}


# control


def test_mirrored_sequences_differ_in_the_order_of_the_anchors_only(smoke, tmp_path):
    rows = read_sequences(small_run(smoke, tmp_path), "unseen", 20, [(4, 3)], "train")
    other = commutativity.mirrored(rows)
    assert commutativity.mirrored(other).tokens_BN.equal(rows.tokens_BN)
    for tokens, mirror, p in zip(rows.tokens_BN, other.tokens_BN, rows.position_B, strict=True):
        assert tokens[p + 1 : p + 3].tolist() == [4, 3]
        assert mirror[p + 1 : p + 3].tolist() == [3, 4]
        assert (tokens != mirror).sum() == 2


def test_commutativity_is_the_share_of_equal_answers(smoke, tmp_path):
    run, options = small_run(smoke, tmp_path), {"unseen": [4, 3], "keys": "train", "sequences": 30}
    rows = read_sequences(run, "unseen", 30, [(4, 3)], "train")
    same = (answers(run.model(), rows, {}) == answers(run.model(), commutativity.mirrored(rows), {})).double().mean()
    found = commutativity.probe(run, options).to_pandas().set_index("quantity")["value"]
    assert found.to_dict() == {"commutativity": pytest.approx(same.item()), "sequences": 30}
    assert 0 < found["commutativity"] < 1
    blind = small_run(smoke, tmp_path, {"output.weight": torch.zeros_like(run.weights["output.weight"])})
    assert commutativity.probe(blind, options).to_pandas()["value"][0] == 1  # an answer that never changes commutes


@pytest.fixture
def control(config) -> pa.Table:
    """Composed answers at the end: 0.9 at decay 1, else gamma; for the pair (3,4) 0.1 less."""
    layout = Layout(config)

    def course(point, _study):
        end = 0.9 if point["weight_decay"] == 1.0 else point["gamma"]
        pairs = {"3_4": end - 0.1, "4_3": end}
        found = {f"acc_{pair}_inferential_train_keys": [0.0, 0.95, value] for pair, value in pairs.items()}
        return found | {"acc_test": [0.0, 0.5, 0.5 if point["gamma"] == 0.3 else 1.0], "loss": [9.0, 1.0, 0.5]}

    write_histories(config, "fig_control", course)
    for point in study_points(config["studies"]["control"]):
        names = ["layers.0.attn.q", "layers.0.ffn.up", "layers.1.attn.q"]
        ranks = [score("stable_rank", 2.0 + n, name) for n, name in enumerate(names)]
        spectra = as_table([score("embedding_stable_rank", 5.0), *ranks])
        write_table(layout.probe_file("control", point, "spectra"), spectra)
        write_table(layout.probe_file("control", point, "commutativity"), as_table([score("commutativity", 0.75)]))
        blocked = [
            {"path": path, "layer": layer, "group": group, "measure": "inferential", "value": value}
            for path, value in (("none", 0.9), ("key_to_anchors", 0.2), ("anchors_to_last", 0.1))
            for layer in (0, 1)
            for group in ("unseen", "seen")
        ]
        circuits = pd.DataFrame(blocked)
        circuits.loc[(circuits["layer"] == 1) | (circuits["group"] == "seen"), "value"] = 0.77
        write_table(layout.probe_file("control", point, "circuits"), pa.Table.from_pandas(circuits))
    return importlib.import_module("initscale.figures.fig_control.table").table(config)


def test_table_of_control_has_a_row_per_run_and_the_published_map(control, config):
    rows = control.to_pandas()
    runs = rows[rows["kind"] == "run"].set_index(["gamma", "weight_decay"])
    assert len(runs) == len(list(study_points(config["studies"]["control"])))
    assert runs.loc[(0.3, 0.1), "accuracy"].item() == pytest.approx(0.25)
    assert runs.loc[(0.8, 1.0), "accuracy"].item() == pytest.approx(0.85)
    assert set(runs["accuracy_best"]) == {0.95}
    columns = ["commutativity", "rank_query", "rank_ffn", "rank_embedding"]
    assert runs[columns].drop_duplicates().to_numpy().tolist() == [[0.75, 2.0, 3.0, 5.0]]
    assert set(runs["without_key_to_anchors"]) == {0.2}
    assert set(runs["without_anchors_to_last"]) == {0.1}
    judged(control, "fig_control")
    published = rows[rows["kind"] == "published"].set_index(["gamma", "weight_decay"])["accuracy"]
    assert len(published) == 18
    assert published[0.55, 0.1] == 0.29


def test_drawing_of_control_has_both_maps_with_their_numbers(control, config):
    picture = drawn(config, "fig_control", control)
    numbers = {axis.get_title("left"): [text.get_text() for text in axis.texts] for axis in picture.axes}
    assert numbers["(a) published"][:6] == ["0.44", "1.00", "0.91", "0.97", "1.00", "1.00"]  # decay 1 on top
    assert numbers["(b) composed answers"] == ["0.85", "0.85", "0.25", "0.75"]
    assert numbers["(c) stable rank, feed-forward 1"] == ["3.0"] * 4
    (scatter,) = (axis for axis in picture.axes if axis.get_title("left").startswith("(f)"))
    dots = np.concatenate(
        [line.get_xydata() for line in scatter.lines if len(line.get_xdata()) and line.get_marker() in "os"]
    )
    assert sorted(map(tuple, np.round(dots, 6))) == [(0.2, 0.25), (0.2, 0.75), (0.2, 0.85), (0.2, 0.85)]


# chain


def chain_run(config: dict, changes: dict, tmp_path) -> FinishedRun:
    facts = run_facts(config, "chain", {"gamma": 0.3, "depth": 2, "seed": 0})
    first = initial_weights_of(facts["model"], facts["seed"])
    return FinishedRun(facts, first | changes, tmp_path, tmp_path)


def test_matching_is_seen_where_it_was_planted_and_is_one_without(config, tmp_path):
    spec = ModelSpec.from_config(run_facts(config, "chain", {"gamma": 0.3, "depth": 2, "seed": 0})["model"])
    e = torch.nn.functional.normalize(
        torch.randn(spec.vocabulary, spec.d_model, generator=torch.Generator().manual_seed(0))
    )
    eye = torch.eye(spec.d_attention, spec.d_model)
    planted = {"tokens.weight": e, "layers.0.attn.q.weight": 30 * eye, "layers.0.attn.k.weight": eye}
    planted |= {"layers.1.attn.q.weight": torch.zeros_like(eye)}
    found = matching.probe(chain_run(config, planted, tmp_path), {}).to_pandas().set_index("part")["value"]
    assert set(found.index) == {f"layer{n}.{group}" for n in (1, 2) for group in ("familiar", "new")}
    assert found["layer1.familiar"] > 10
    assert found["layer1.new"] > 10
    assert found["layer2.new"] == pytest.approx(1.0)
    # layer 2 matches what layer 1 moved: with values that turn a token into another, equal tokens do not match
    moved = planted | {"layers.1.attn.q.weight": 30 * eye, "layers.1.attn.k.weight": eye}
    same = moved | {"layers.0.attn.v.weight": eye, "layers.0.attn.o.weight": eye.T.contiguous()}
    away = same | {"layers.0.attn.o.weight": -eye.T.contiguous()}
    values = [
        matching.probe(chain_run(config, weights, tmp_path), {}).to_pandas().set_index("part")["value"]["layer2.new"]
        for weights in (same, away)
    ]
    assert values[0] > 10
    assert values[1] < 0.5


def test_table_and_drawing_of_chain(config):
    layout = Layout(config)

    def course(point, study):
        end = point["gamma"] + (0.1 if study == "chain" else 0.0) + point["seed"] / 100
        return {"loss": [np.nan, 2.0, 1.0]} | {f"acc_{group}": [0.0, 0.1, end] for group in ("train", "test", "ood")}

    write_histories(config, "fig_chain", course)
    parts = [f"layer{n}.{group}" for n in (1, 2) for group in ("familiar", "new")]
    for study in config["figures"]["fig_chain"]["studies"]:
        for point in study_points(config["studies"][study]):
            scores = [score("match", 10.0 * n + point["gamma"], part) for n, part in enumerate(parts)]
            write_table(layout.probe_file(study, point, "matching"), as_table(scores))
    table = importlib.import_module("initscale.figures.fig_chain.table").table(config)
    rows = table.to_pandas()
    runs = rows[rows["kind"] == "run"]
    assert runs.groupby(["study", "norm"]).size().to_dict() == {("chain", "post"): 4, ("chain_pre", "pre"): 2}
    assert len(rows) == len(runs) * (1 + len(STEPS))
    assert (runs["ood"] == runs["gamma"] + 0.1 * (runs["study"] == "chain") + runs["seed"] / 100).all()
    assert (runs["match_2_new"] == 30 + runs["gamma"]).all()
    assert rows.loc[rows["kind"] == "course", "match_2_new"].isna().all()
    assert set(rows["guessing"]) == {1 / 2}  # three edges
    found = judged(table, "fig_chain")
    assert found["chain_unseen_edges"].estimate.effect == pytest.approx(0.905)
    accuracy, match, *course_panels = drawn(config, "fig_chain", table).axes
    line = next(line for line in accuracy.lines if line.get_label() == "new tokens, post-norm")
    np.testing.assert_allclose(line.get_ydata(), [0.405, 0.905])
    assert [axis.get_title("left") for axis in course_panels] == [
        "(c) new tokens, post-norm",
        "(d) new tokens, pre-norm",
    ]
    assert match.get_yscale() == "log"


# modular


def course(train, test, max_loss) -> pd.DataFrame:
    return pd.DataFrame({"step": np.arange(len(train)) * 100, "train": train, "test": test, "max_loss": max_loss})


def test_milestones_of_a_run_that_generalizes_late_with_a_spike():
    train, test = [0, 0.5, 0.99, 1, 1, 1, 1, 1], [0, 0, 0, 0, 0.5, 0.9, 0.995, 1]
    found = milestones(course(train, test, [np.nan, 4, 1, 0.01, 0.01, 5.0, 0.01, 0.01]))
    assert found == {"fit_step": 200, "generalize_step": 600, "delay": 3, "spikes": 1}


def test_a_run_that_never_generalizes_has_a_bound_and_one_that_never_fits_has_nothing():
    found = milestones(course([0, 1, 1, 1], [0, 0, 0, 0.98], [np.nan, 1, 1, 1]))
    assert np.isnan(found["generalize_step"])
    assert found["delay"] == 3
    assert found["spikes"] == 0
    never = milestones(course([0, 0.5, 0.6], [0, 0, 0], [np.nan, 1, 1]))
    assert np.isnan([never["fit_step"], never["delay"], never["spikes"]]).all()


def test_table_and_drawing_of_modular(config):
    def made_up(point, _study):
        late = point["gamma"] == 0.3
        found = {"acc_train": [0.0, 1.0, 1.0], "acc_test": [0.0, 0.0 if late else 1.0, 0.5 if late else 1.0]}
        return found | {"loss": [np.nan, 1.0, 0.1], "max_loss": [np.nan, 2.0, 0.2], "weight_norm": [3.0, 2.0, 1.0]}

    write_histories(config, "fig_modular", made_up)
    table = importlib.import_module("initscale.figures.fig_modular.table").table(config)
    rows = table.to_pandas()
    runs = rows[rows["kind"] == "run"].groupby("gamma")[["delay", "generalize_step"]].first()
    assert runs["delay"].to_dict() == {0.3: 2.0, 0.8: 1.0}
    assert np.isnan(runs.loc[0.3, "generalize_step"])
    judged(table, "fig_modular")
    picture = drawn(config, "fig_modular", table)
    top = picture.axes[0]
    triangles = [line for line in top.lines if line.get_marker() == "^" and len(line.get_xdata())]
    assert [list(line.get_xdata()) for line in triangles] == [[0.3]]
    assert triangles[0].get_ydata()[0] == STEPS[-1]
