"""The probe embedding on items whose order and steps are known."""

from __future__ import annotations

import numpy as np
import pytest
from made_up_runs import made_up_run, scores, values

from initscale.errors import InputError
from initscale.probes.embedding.measure import measure, probe

POINT = {"gamma": 0.8, "depth": 2, "lr": 2e-3, "seed": 0}
OPTIONS = {"perplexity": 8, "seed": 0, "lags": 15, "steps": [3, 4]}
ITEMS = np.arange(20, 60)
STEPS = "3 or 4"


def wave(items: np.ndarray, period: float) -> np.ndarray:
    """Points on a circle: cos of two items is cos(2 pi (x - y) / period)."""
    angle = 2 * np.pi * items / period
    return np.stack([np.cos(angle), np.sin(angle)], axis=1)


def test_items_on_a_line_are_in_order():
    e = 5.0 + np.outer(ITEMS - 40, [1.0, 2.0, -1.0])
    table = measure(e, ITEMS, OPTIONS)
    assert scores(table)["ordinality_euclidean", ""] == pytest.approx(1.0)
    np.testing.assert_allclose(values(table, "pca_share"), [1.0, 0.0], atol=1e-12)
    data = table.to_pandas()
    first = data[(data["quantity"] == "pca") & (data["j"] == 1)].sort_values("i")
    assert first["i"].tolist() == ITEMS.tolist()
    np.testing.assert_allclose(np.abs(np.diff(first["value"])), np.sqrt(6.0))


def test_items_on_an_arc_are_in_order_by_cosine():
    table = measure(wave(ITEMS, 200), ITEMS, OPTIONS)
    found = scores(table)
    assert found["ordinality_cosine", ""] == pytest.approx(1.0, abs=1e-3)  # rounding breaks ties of equal lags
    assert found["nearest_lag", ""] == 1
    assert found["step_share", STEPS] == 0.0
    np.testing.assert_allclose(values(table, "cosine_at_lag"), np.cos(2 * np.pi * np.arange(1, 16) / 200))


def test_a_closed_circle_is_not_ordinal():
    """Twice around over all items: far numbers come near again."""
    found = scores(measure(wave(ITEMS, len(ITEMS) / 2), ITEMS, OPTIONS))
    assert abs(found["ordinality_cosine", ""]) < 0.3
    periodic = scores(measure(wave(ITEMS, 7), ITEMS, OPTIONS))
    assert periodic["nearest_lag", ""] in (7, 14)
    assert abs(periodic["ordinality_cosine", ""]) < 0.1


def test_steps_3_and_4_are_seen():
    """A wave of period 3.5 on top of a slow one: 3 and 4 are the nearest lags."""
    e = np.concatenate([wave(ITEMS, 3.5), 1.5 * wave(ITEMS, 60)], axis=1)
    table = measure(e, ITEMS, OPTIONS)
    found, lags = scores(table), values(table, "cosine_at_lag")
    assert set(np.argsort(-lags)[:2] + 1) == {3, 4}
    assert found["nearest_lag", ""] == 3
    assert found["step_share", STEPS] == 1.0
    assert found["step_contrast", STEPS] == pytest.approx(lags[2:4].mean() - np.delete(lags, [2, 3]).mean())
    assert found["step_contrast", STEPS] > 0.1


def test_random_items_have_no_structure():
    items = np.arange(20, 160)
    e = np.random.default_rng(0).normal(size=(len(items), 60))
    found = scores(measure(e, items, OPTIONS))
    assert abs(found["ordinality_cosine", ""]) < 0.1
    assert abs(found["ordinality_euclidean", ""]) < 0.1
    near = [[abs(x - y) in (3, 4) for y in items if y != x] for x in items]
    assert found["step_share_chance", STEPS] == pytest.approx(np.mean(near))
    assert found["step_share", STEPS] < 0.1


def test_tsne_is_the_same_again_and_keeps_clusters_apart():
    draw = np.random.default_rng(0)
    e = draw.normal(size=(40, 10)) + 30.0 * (ITEMS % 2)[:, None]
    first, again = (measure(e, ITEMS, OPTIONS).to_pandas() for _ in range(2))
    assert first.equals(again)
    points = first[first["quantity"] == "tsne"].pivot(index="i", columns="j", values="value")
    even, odd = points[points.index % 2 == 0].to_numpy(), points[points.index % 2 == 1].to_numpy()
    apart = np.linalg.norm(even.mean(0) - odd.mean(0))
    assert apart > 2 * max(np.linalg.norm(part - part.mean(0), axis=1).max() for part in (even, odd))


def test_the_items_are_the_rows_of_the_value_range(smoke, tmp_path):
    """Other rows of the token embedding play no part, whatever they are."""
    smoke["results"] = str(tmp_path)
    low, high = smoke["datasets"]["anchor"]["values"]
    tokens = np.full((smoke["models"]["single_head"]["vocabulary"], 24), np.nan)
    e = np.random.default_rng(0).normal(size=(high - low + 1, 24))
    tokens[low : high + 1] = e
    options = {**OPTIONS, "perplexity": 6}
    found = scores(probe(made_up_run(smoke, POINT, {"tokens.weight": tokens}), options))
    assert found == pytest.approx(scores(measure(e, np.arange(low, high + 1), options)), abs=1e-5)


def test_too_few_items_are_refused(smoke, tmp_path):
    smoke["results"] = str(tmp_path)
    with pytest.raises(InputError, match="20 items are too few for perplexity 30") as error:
        probe(made_up_run(smoke, POINT), {**OPTIONS, "perplexity": 30})
    assert "probes.embedding" in error.value.hint


def test_a_task_without_values_is_refused(smoke, tmp_path):
    smoke["results"] = str(tmp_path)
    run = made_up_run(smoke, POINT)
    run.facts["dataset"] = {"task": "words"}
    with pytest.raises(InputError, match="`words` has no range of item values"):
        probe(run, OPTIONS)
