"""The probe spectra on matrices and histories whose spectra are known."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from made_up_runs import STEPS, made_up_run, scores, values

from initscale.errors import InputError
from initscale.files.storage import read_table
from initscale.probes.spectra.measure import layer_spectrum, probe, staged_growth

POINT = {"gamma": 0.8, "depth": 2, "lr": 2e-3, "seed": 0}
OPTIONS = {"top": 3, "ranks": [1, 2, 4]}


def rotated(singular: list[float], rows: int, columns: int) -> np.ndarray:
    draw = np.random.default_rng(0)
    u, v = (np.linalg.qr(draw.normal(size=(n, n)))[0][:, : len(singular)] for n in (rows, columns))
    return u * singular @ v.T


def by_name(frames: list[pd.DataFrame]) -> dict[str, list[float]]:
    return {name: part["value"].tolist() for name, part in pd.concat(frames).groupby("quantity")}


def test_known_singular_values():
    found = by_name(layer_spectrum(rotated([3.0, 2.0, 1.0], 6, 4), "layers.0.attn.q.weight", top=2))
    assert found["singular_value"] == pytest.approx([3, 2, 1, 0], abs=1e-12)
    assert found["stable_rank"] == pytest.approx([14 / 9])
    assert found["top_share"] == pytest.approx([13 / 14])


def test_stable_rank_of_extremes():
    assert by_name(layer_spectrum(np.eye(7), "w", 3))["stable_rank"] == pytest.approx([7.0])
    assert by_name(layer_spectrum(np.outer(np.arange(5.0), np.ones(3)), "w", 1))["stable_rank"] == pytest.approx([1.0])


def test_every_linear_layer_is_there(smoke, tmp_path):
    smoke["results"] = str(tmp_path)
    table = probe(made_up_run(smoke, POINT, {"layers.1.ffn.up.weight": rotated([2.0, 1.0], 48, 24)}), OPTIONS)
    kinds = ("attn.q", "attn.k", "attn.v", "attn.o", "ffn.up", "ffn.down")
    layers = {f"layers.{layer}.{kind}" for layer in range(2) for kind in kinds} | {"output"}
    data = table.to_pandas()
    assert set(data.loc[data["quantity"] == "singular_value", "part"]) == layers
    assert scores(table)["stable_rank", "layers.1.ffn.up"] == pytest.approx(1.25)
    np.testing.assert_allclose(values(table, "singular_value", "layers.1.ffn.up")[:3], [2, 1, 0], atol=1e-6)


def test_eigenvalues_are_those_of_the_covariance(smoke, tmp_path):
    smoke["results"] = str(tmp_path)
    run = made_up_run(smoke, POINT)
    table = probe(run, OPTIONS)
    e = run.weights["tokens.weight"].double().numpy()[20:40]
    wanted = np.linalg.eigvalsh(np.cov(e.T, bias=True))[::-1]
    np.testing.assert_allclose(values(table, "embedding_eigenvalue"), wanted[:20], atol=1e-12)
    found = scores(table)
    assert found["embedding_top_share", "3"] == pytest.approx(wanted[:3].sum() / wanted.sum())
    assert found["embedding_stable_rank", ""] == pytest.approx(wanted.sum() / wanted[0])


def test_staged_growth_dates_each_rise():
    """Rank 1 rises at 20, rank 2 at 40 (half way is 6), rank 3 at 60, rank 4 only shrinks."""
    courses = np.array([[1.0, 10, 10, 10], [1, 5, 11, 9], [1, 0.5, 0.6, 2], [1, 0.9, 0.5, 0.1]])
    found = by_name(staged_growth(np.array(STEPS), courses.T, [1, 2, 3, 4]))
    assert found["peak_over_base"] == pytest.approx([10, 11, 4, 1])
    assert found["risen"] == [3]
    np.testing.assert_array_equal(found["rise_step"], [20, 40, 60, np.nan])
    assert found["rise_order"] == pytest.approx([1.0])


def test_reversed_growth_has_the_opposite_order():
    courses = np.array([[2.0, 2, 2, 20], [1, 1, 10, 10], [0.5, 5, 5, 5]])
    found = by_name(staged_growth(np.array(STEPS), courses.T, [1, 2, 3]))
    assert found["rise_step"] == [60, 40, 20]
    assert found["rise_order"] == pytest.approx([-1.0])


def test_ranks_choose_what_is_dated_and_all_are_counted():
    courses = np.array([[1.0, 8, 8, 8], [1, 1, 6, 6], [1, 1, 4, 4], [1, 1, 1, 1]])
    found = by_name(staged_growth(np.array(STEPS), courses.T, [1, 3]))
    assert found["rise_step"] == [20, 40]
    assert found["risen"] == [3]


def test_without_growth_there_is_no_order():
    """Shrinking, constant, and an eigenvalue that is zero up to rounding."""
    courses = np.array([[4.0, 3, 2, 2.5], [1, 1, 1, 1], [1e-16, 1e-18, 2e-15, 1e-16]])
    found = by_name(staged_growth(np.array(STEPS), courses.T, [1, 2, 3]))
    assert found["risen"] == [0]
    assert np.isnan(found["rise_step"]).all()
    assert np.isnan(found["rise_order"]).all()


def test_too_large_rank_is_refused(smoke, tmp_path):
    smoke["results"] = str(tmp_path)
    with pytest.raises(InputError, match="has 20 embedding eigenvalues, rank 21 is asked for"):
        probe(made_up_run(smoke, POINT), {"top": 3, "ranks": [1, 21]})


def test_final_eigenvalues_are_those_of_the_history(finished_smoke):
    """The probe and the training define the covariance alike."""
    name = "gamma~0.80_depth~2_lr~2.00e-03_seed~0"
    results = finished_smoke.root / "results" / "smoke"
    history = read_table(results / "runs" / "phase" / name / "history.parquet")["embedding_eigenvalues"].to_pylist()
    found = values(read_table(results / "probes" / "phase" / name / "spectra.parquet"), "embedding_eigenvalue")
    np.testing.assert_allclose(found, history[-1], rtol=1e-3, atol=1e-9)
